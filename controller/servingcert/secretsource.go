package servingcert

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/route"
	"github.com/batch-job-controller/batch-job-controller/controller/servingcert/certificate"
)

// secretReader reads Secrets.
type secretReader interface {
	Get(ctx context.Context, name string, o metav1.GetOptions) (*corev1.Secret, error)
}

// secretSource reads the certificate from a Secret that another program, such as
// cert-manager, writes and renews.
type secretSource struct {
	secrets secretReader
	name    string
	// hosts are the hosts in callback URLs: the certificate must be valid for them.
	hosts []string
}

func newSecretSource(o Options) *secretSource {
	s := &secretSource{secrets: o.Client.Secrets(o.Namespace), name: o.TLS.Secret}
	if o.Port != CallbackPort { // clients may use another name for reports
		return s
	}
	if o.PodIP != "" {
		s.hosts = append(s.hosts, o.PodIP)
	} else {
		s.hosts = append(s.hosts, route.ServiceHost(o.Service, o.Namespace))
	}
	return s
}

func (s *secretSource) load(ctx context.Context, now time.Time) (servingPair, error) {
	secret, err := s.secrets.Get(ctx, s.name, metav1.GetOptions{})
	if err != nil {
		return servingPair{}, fmt.Errorf("secret %s: %w", s.name, err)
	}
	got, err := s.parse(secret.Data, now)
	if err != nil {
		return servingPair{}, fmt.Errorf("secret %s: %w", s.name, err)
	}
	return got, nil
}

func (s *secretSource) parse(data map[string][]byte, now time.Time) (servingPair, error) {
	pair, err := certificate.ParsePair(data[corev1.TLSCertKey], data[corev1.TLSPrivateKeyKey], now)
	if err != nil {
		return servingPair{}, fmt.Errorf("%s and %s: %w", corev1.TLSCertKey, corev1.TLSPrivateKeyKey, err)
	}
	for _, host := range s.hosts {
		if !certificate.Covers(pair.Leaf, host) {
			return servingPair{}, fmt.Errorf("%s: is valid for %v %v: must be valid for %s, which job pods use", corev1.TLSCertKey, pair.Leaf.DNSNames, pair.Leaf.IPAddresses, host)
		}
	}
	bundle := bytes.TrimSpace(data[corev1.ServiceAccountRootCAKey])
	if len(bundle) == 0 {
		return servingPair{pair: pair}, nil
	}
	if err := verifyChain(pair, bundle, now); err != nil {
		return servingPair{}, fmt.Errorf("%s: %w", corev1.ServiceAccountRootCAKey, err)
	}
	return servingPair{pair: pair, bundle: append(bundle, '\n')}, nil
}

// verifyChain returns an error unless the certificate chains to the bundle: otherwise
// pods, which trust only the bundle, would reject it.
func verifyChain(pair *tls.Certificate, bundle []byte, now time.Time) error {
	roots, err := certificate.Pool(bundle)
	if err != nil {
		return err
	}
	between := x509.NewCertPool()
	for _, der := range pair.Certificate[1:] {
		c, err := x509.ParseCertificate(der)
		if err != nil {
			return err
		}
		between.AddCert(c)
	}
	_, err = pair.Leaf.Verify(x509.VerifyOptions{Roots: roots, Intermediates: between, CurrentTime: now})
	return err
}
