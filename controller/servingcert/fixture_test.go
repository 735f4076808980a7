package servingcert

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"

	"github.com/batch-job-controller/batch-job-controller/controller/servingcert/certificate"
)

const (
	testNamespace = "jobs"
	testName      = "check"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// issuer plays cert-manager.
type issuer struct {
	authority certificate.Authority
	name      string
}

func authorityFor(t *testing.T, name string) issuer {
	t.Helper()
	a, err := certificate.NewAuthority("issuer", time.Now())
	must(t, err)
	return issuer{authority: a, name: name}
}

// secret returns what is in a Secret with a new certificate.
func (i issuer) secret(t *testing.T) map[string][]byte {
	t.Helper()
	made, err := i.authority.Issue(certificate.Names{DNS: []string{i.name}}, time.Now())
	must(t, err)
	key, err := x509.MarshalPKCS8PrivateKey(made.PrivateKey)
	must(t, err)
	return map[string][]byte{
		"tls.crt": certificate.FormatBundle([]*x509.Certificate{made.Leaf}),
		"tls.key": pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}),
		"ca.crt":  certificate.FormatBundle([]*x509.Certificate{i.authority.Certificate}),
	}
}

// fill writes the Secret called given.
func fill(t *testing.T, client *fake.Clientset, data map[string][]byte) {
	t.Helper()
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "given", Namespace: testNamespace}, Data: data}
	_, err := client.CoreV1().Secrets(testNamespace).Update(t.Context(), secret, metav1.UpdateOptions{})
	if apierrors.IsNotFound(err) {
		_, err = client.CoreV1().Secrets(testNamespace).Create(t.Context(), secret, metav1.CreateOptions{})
	}
	must(t, err)
}

// verifyOptions are those of a client with this configuration, now.
func verifyOptions(how *tls.Config) x509.VerifyOptions {
	return x509.VerifyOptions{Roots: how.RootCAs, DNSName: how.ServerName, CurrentTime: time.Now()}
}
