package servingcert

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/utils/clock"

	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/servingcert/certificate"
	"github.com/batch-job-controller/batch-job-controller/controller/testkit"
)

const (
	testNamespace = "jobs"
	testName      = "check"
)

// tlsCluster has a Service, and no more.
func tlsCluster(t *testing.T) *fake.Clientset {
	t.Helper()
	client := fake.NewClientset(&corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: "svc", Namespace: testNamespace},
		Spec:       corev1.ServiceSpec{ClusterIPs: []string{"10.96.0.7", "fd00::7"}},
	})
	return client
}

// newCertificates returns the certificates of the callback port.
func newCertificates(t *testing.T, client kubernetes.Interface, mode config.TLS, mutate ...func(*Options)) *Certificates {
	t.Helper()
	o := Options{
		Port: CallbackPort, TLS: mode, Controller: testName, Namespace: testNamespace, Service: "svc", CASecret: "check-ca",
		Client: client.CoreV1(), Clock: clock.RealClock{}, Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
	}
	for _, f := range mutate {
		f(&o)
	}
	return New(o)
}

func selfSignedTLS() config.TLS { return config.TLS{Mode: config.TLSSelfSigned} }
func secretTLS() config.TLS     { return config.TLS{Mode: config.TLSSecret, Secret: "given"} }

// trusts reports whether a client of the other replica's port accepts the certificate that
// this replica presents.
func trusts(t *testing.T, client, server *Certificates) bool {
	t.Helper()
	how, err := client.ClientConfig()
	testkit.Must(t, err)
	shown, err := server.ServerConfig().GetCertificate(&tls.ClientHelloInfo{})
	testkit.Must(t, err)
	_, err = shown.Leaf.Verify(verifyOptions(how))
	return err == nil
}

func shownBy(t *testing.T, c *Certificates) *tls.Certificate {
	t.Helper()
	shown, err := c.ServerConfig().GetCertificate(&tls.ClientHelloInfo{})
	testkit.Must(t, err)
	return shown
}

func published(t *testing.T, client kubernetes.Interface, key string) []byte {
	t.Helper()
	object, err := client.CoreV1().ConfigMaps(testNamespace).Get(t.Context(), "check-ca", metav1.GetOptions{})
	testkit.Must(t, err)
	return []byte(object.Data[key])
}

// issuer plays cert-manager.
type issuer struct {
	authority certificate.Authority
	name      string
}

func authorityFor(t *testing.T, name string) issuer {
	t.Helper()
	a, err := certificate.NewAuthority("issuer", time.Now())
	testkit.Must(t, err)
	return issuer{authority: a, name: name}
}

// secret returns the data of a Secret with a new certificate.
func (i issuer) secret(t *testing.T) map[string][]byte {
	t.Helper()
	made, err := i.authority.Issue(certificate.Names{DNS: []string{i.name}}, time.Now())
	testkit.Must(t, err)
	key, err := x509.MarshalPKCS8PrivateKey(made.PrivateKey)
	testkit.Must(t, err)
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
	testkit.Must(t, err)
}

// verifyOptions are those of a client with this configuration, now.
func verifyOptions(how *tls.Config) x509.VerifyOptions {
	return x509.VerifyOptions{Roots: how.RootCAs, DNSName: how.ServerName, CurrentTime: time.Now()}
}
