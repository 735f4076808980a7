package servingcert

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/route"
	"github.com/batch-job-controller/batch-job-controller/controller/servingcert/certificate"
)

// The keys of the Secret with the controller's authority, in addition to those of every
// TLS Secret.
const (
	previousCertificateKey = "previous.crt"
	previousKeyKey         = "previous.key"
)

// secrets is the part of the client that the authority needs.
type secrets interface {
	Get(ctx context.Context, name string, o metav1.GetOptions) (*corev1.Secret, error)
	Create(ctx context.Context, object *corev1.Secret, o metav1.CreateOptions) (*corev1.Secret, error)
	Update(ctx context.Context, object *corev1.Secret, o metav1.UpdateOptions) (*corev1.Secret, error)
}

// services reads Services.
type services interface {
	Get(ctx context.Context, name string, o metav1.GetOptions) (*corev1.Service, error)
}

// selfSigned issues certificates with the controller's authority, which all replicas
// share through a Secret. The certificates are only in memory.
type selfSigned struct {
	secrets    secrets
	services   services
	controller string
	namespace  string
	service    string
	podIP      string
	secret     string
	pair       *tls.Certificate
}

func newSelfSigned(o Options) *selfSigned {
	return &selfSigned{
		secrets:    o.Client.Secrets(o.Namespace),
		services:   o.Client.Services(o.Namespace),
		controller: o.Controller,
		namespace:  o.Namespace,
		service:    o.Service,
		podIP:      o.PodIP,
		secret:     o.CASecret,
	}
}

func (s *selfSigned) load(ctx context.Context, now time.Time) (servingPair, error) {
	names, err := s.names(ctx)
	if err != nil {
		return servingPair{}, err
	}
	authorities, err := s.authorities(ctx, now)
	if err != nil {
		return servingPair{}, fmt.Errorf("secret %s with the certificate authority: %w", s.secret, err)
	}
	signer := authorities.Signer(now)
	if s.pair == nil || !now.Before(certificate.RenewAt(s.pair.Leaf)) ||
		!certificate.SameNames(s.pair.Leaf, names) || !certificate.SignedBy(s.pair.Leaf, signer) {
		if s.pair, err = signer.Issue(names, now); err != nil {
			return servingPair{}, err
		}
	}
	return servingPair{pair: s.pair, bundle: authorities.Bundle(now)}, nil
}

// names returns the names by which pods and other replicas reach this replica.
func (s *selfSigned) names(ctx context.Context) (certificate.Names, error) {
	var names certificate.Names
	if s.podIP != "" {
		names.Addresses = append(names.Addresses, net.ParseIP(s.podIP))
	}
	if s.service == "" {
		return names, nil
	}
	names.DNS = []string{s.service, s.service + "." + s.namespace, route.ServiceHost(s.service, s.namespace)}
	service, err := s.services.Get(ctx, s.service, metav1.GetOptions{})
	if apierrors.IsNotFound(err) && s.podIP != "" {
		return names, nil
	}
	if err != nil {
		return names, fmt.Errorf("service %s: %w", s.service, err)
	}
	for _, text := range service.Spec.ClusterIPs {
		if ip := net.ParseIP(text); ip != nil { // a headless Service has none
			names.Addresses = append(names.Addresses, ip)
		}
	}
	return names, nil
}

// authorities reads the Secret, and writes it if it is missing or a new authority is
// due. On a conflict, a replica uses what the other one wrote.
func (s *selfSigned) authorities(ctx context.Context, now time.Time) (a certificate.Authorities, err error) {
	for range swapTries {
		a, err = s.tryAuthorities(ctx, now)
		if !apierrors.IsConflict(err) && !apierrors.IsAlreadyExists(err) {
			break
		}
	}
	return a, err
}

func (s *selfSigned) tryAuthorities(ctx context.Context, now time.Time) (certificate.Authorities, error) {
	there, err := s.secrets.Get(ctx, s.secret, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return s.create(ctx, now)
	}
	if err != nil {
		return certificate.Authorities{}, err
	}
	a, err := parseAuthorities(there.Data)
	if err != nil {
		return a, fmt.Errorf("%w (to create a new one, delete the Secret)", err)
	}
	if !a.Due(now) {
		return a, nil
	}
	newest, err := certificate.NewAuthority(s.secret, now)
	if err != nil {
		return a, err
	}
	a = a.Renew(newest)
	there = there.DeepCopy()
	if there.Data, err = formatAuthorities(a); err != nil {
		return a, err
	}
	_, err = s.secrets.Update(ctx, there, metav1.UpdateOptions{})
	return a, err
}

func (s *selfSigned) create(ctx context.Context, now time.Time) (a certificate.Authorities, err error) {
	if a.Newest, err = certificate.NewAuthority(s.secret, now); err != nil {
		return a, err
	}
	data, err := formatAuthorities(a)
	if err != nil {
		return a, err
	}
	_, err = s.secrets.Create(ctx, &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{
			Name: s.secret, Labels: jobspec.CommonLabels(s.controller, caComponent), Annotations: jobspec.CommonAnnotations(),
		},
		Type: corev1.SecretTypeTLS,
		Data: data,
	}, metav1.CreateOptions{})
	return a, err
}

func parseAuthorities(data map[string][]byte) (a certificate.Authorities, err error) {
	if a.Newest, err = certificate.ParseAuthority(data[corev1.TLSCertKey], data[corev1.TLSPrivateKeyKey]); err != nil {
		return a, fmt.Errorf("%s: %w", corev1.TLSCertKey, err)
	}
	if len(data[previousCertificateKey]) == 0 {
		return a, nil
	}
	previous, err := certificate.ParseAuthority(data[previousCertificateKey], data[previousKeyKey])
	if err != nil {
		return a, fmt.Errorf("%s: %w", previousCertificateKey, err)
	}
	a.Previous = &previous
	return a, nil
}

func formatAuthorities(a certificate.Authorities) (map[string][]byte, error) {
	data := map[string][]byte{}
	var err error
	if data[corev1.TLSCertKey], data[corev1.TLSPrivateKeyKey], err = a.Newest.PEM(); err != nil {
		return nil, err
	}
	if a.Previous == nil {
		return data, nil
	}
	data[previousCertificateKey], data[previousKeyKey], err = a.Previous.PEM()
	return data, err
}
