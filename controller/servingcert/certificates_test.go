package servingcert

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
	"k8s.io/utils/clock"

	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/servingcert/certificate"
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

// newCertificates returns those of the callback port, and what was said
// about their expiry.
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

// trusts reports whether a client that knows the other replica's port takes
// the certificate that this one shows.
func trusts(t *testing.T, client, server *Certificates) bool {
	t.Helper()
	how, err := client.ClientConfig()
	must(t, err)
	shown, err := server.ServerConfig().GetCertificate(&tls.ClientHelloInfo{})
	must(t, err)
	_, err = shown.Leaf.Verify(verifyOptions(how))
	return err == nil
}

func shownBy(t *testing.T, c *Certificates) *tls.Certificate {
	t.Helper()
	shown, err := c.ServerConfig().GetCertificate(&tls.ClientHelloInfo{})
	must(t, err)
	return shown
}

func published(t *testing.T, client kubernetes.Interface, key string) []byte {
	t.Helper()
	object, err := client.CoreV1().ConfigMaps(testNamespace).Get(t.Context(), "check-ca", metav1.GetOptions{})
	must(t, err)
	return []byte(object.Data[key])
}

func TestReplicasShareOneAuthority(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := tlsCluster(t)
		first, second := newCertificates(t, client, selfSignedTLS()), newCertificates(t, client, selfSignedTLS())
		if first.CABundle() != "" || first.Covers("svc") {
			t.Error("it has a certificate before Load")
		}
		if _, err := first.ClientConfig(); err == nil {
			t.Error("it trusts before Load")
		}
		must(t, first.Load(t.Context()))
		must(t, second.Load(t.Context()))
		if !trusts(t, first, second) || !trusts(t, second, first) {
			t.Error("they do not trust each other")
		}
		if bytes.Equal(shownBy(t, first).Leaf.Raw, shownBy(t, second).Leaf.Raw) {
			t.Error("they share a certificate: its key has left a process")
		}
		for _, host := range []string{"svc", "svc.jobs", "svc.jobs.svc", "10.96.0.7", "fd00::7"} {
			if !first.Covers(host) {
				t.Errorf("the certificate is not for %s", host)
			}
		}
		if first.CABundle() != "check-ca" || first.Covers("10.96.0.8") {
			t.Errorf("bundle %q", first.CABundle())
		}
		all, err := certificate.ParseBundle(published(t, client, "ca.crt"))
		if err != nil || len(all) != 1 {
			t.Errorf("%d authorities are published, %v", len(all), err)
		}
	})
}

// Two replicas that start at once find no Secret, and both make one.
func TestTheSecondAuthorityIsNotUsed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := tlsCluster(t)
		other := newCertificates(t, client, selfSignedTLS())
		raced := false
		ours := newCertificates(t, client, selfSignedTLS())
		client.PrependReactor("create", "secrets", func(clienttesting.Action) (bool, runtime.Object, error) {
			if raced {
				return false, nil, nil
			}
			raced = true
			return true, nil, apierrors.NewAlreadyExists(schema.GroupResource{Resource: "secrets"}, "check-ca")
		})
		must(t, ours.Load(t.Context()))
		must(t, other.Load(t.Context()))
		if !raced || !trusts(t, ours, other) || !trusts(t, other, ours) {
			t.Error("they do not trust each other")
		}
	})
}

// A year and a half of two replicas: at no moment do they, or a pod with what
// is published, distrust what is shown, and nothing shown has expired.
func TestCertificatesAreRenewedInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := tlsCluster(t)
		first, second := newCertificates(t, client, selfSignedTLS()), newCertificates(t, client, selfSignedTLS())
		pod := published
		authorities, leaves := map[string]bool{}, map[string]bool{}
		for began := time.Now(); time.Since(began) < 18*30*24*time.Hour; time.Sleep(6 * time.Hour) {
			// What pods have is what was published before this poll.
			must(t, first.Load(t.Context()))
			bundle := pod(t, client, "ca.crt")
			must(t, second.Load(t.Context()))
			if !trusts(t, first, second) || !trusts(t, second, first) {
				t.Fatalf("they distrust each other after %s", time.Since(began))
			}
			leaf := shownBy(t, first).Leaf
			if left := time.Until(leaf.NotAfter); left < certificate.ServerLife/3-6*time.Hour {
				t.Fatalf("it has %s left after %s", left, time.Since(began))
			}
			roots, err := certificate.Pool(bundle)
			must(t, err)
			if _, err := leaf.Verify(verifyOptions(&tls.Config{RootCAs: roots, ServerName: "svc"})); err != nil {
				t.Fatalf("pods distrust it after %s: %v", time.Since(began), err)
			}
			leaves[string(leaf.Raw)] = true
			authorities[string(leaf.AuthorityKeyId)] = true
		}
		if len(authorities) != 3 || len(leaves) < 100 {
			t.Errorf("%d authorities and %d certificates, want 3 and one for each five days or so", len(authorities), len(leaves))
		}
		if all, err := certificate.ParseBundle(pod(t, client, "ca.crt")); err != nil || len(all) > 3 {
			t.Errorf("%d authorities are published, %v: want those that are valid only", len(all), err)
		}
	})
}

func TestRunRenewsWithoutARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var expiries []time.Time
		c := newCertificates(t, tlsCluster(t), selfSignedTLS(), func(o *Options) {
			o.Observe = func(_ string, at time.Time) { expiries = append(expiries, at) }
		})
		must(t, c.Load(t.Context()))
		served, before := c.ServerConfig(), shownBy(t, c)
		ctx, stop := context.WithCancel(t.Context())
		go c.Run(ctx)
		time.Sleep(certificate.ServerLife * 2 / 3)
		synctest.Wait()
		after, err := served.GetCertificate(&tls.ClientHelloInfo{})
		must(t, err)
		if after == before || !after.Leaf.NotAfter.After(before.Leaf.NotAfter) {
			t.Error("the same certificate is shown after two thirds of its life")
		}
		if last := expiries[len(expiries)-1]; !last.Equal(after.Leaf.NotAfter) {
			t.Errorf("the metric says %s, want %s", last, after.Leaf.NotAfter)
		}
		stop()
		synctest.Wait()
	})
}

func TestAServiceThatIsMadeAnewHasACertificate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := tlsCluster(t)
		c := newCertificates(t, client, selfSignedTLS())
		must(t, c.Load(t.Context()))
		service, err := client.CoreV1().Services(testNamespace).Get(t.Context(), "svc", metav1.GetOptions{})
		must(t, err)
		service.Spec.ClusterIPs = []string{"10.96.0.8"}
		_, err = client.CoreV1().Services(testNamespace).Update(t.Context(), service, metav1.UpdateOptions{})
		must(t, err)
		must(t, c.Load(t.Context()))
		if !c.Covers("10.96.0.8") || c.Covers("10.96.0.7") {
			t.Errorf("it is for %v", shownBy(t, c).Leaf.IPAddresses)
		}
	})
}

func TestSelfSignedWithoutAService(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, service := range []string{"", "gone"} {
			c := newCertificates(t, tlsCluster(t), selfSignedTLS(), func(o *Options) { o.Service, o.PodIP = service, "10.0.0.1" })
			must(t, c.Load(t.Context()))
			if !c.Covers("10.0.0.1") {
				t.Errorf("service %q: the certificate is not for POD_IP", service)
			}
		}
	})
}

func TestAnotherAuthorityIsNotTrusted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, other := newCertificates(t, tlsCluster(t), selfSignedTLS()), newCertificates(t, tlsCluster(t), selfSignedTLS())
		must(t, ours.Load(t.Context()))
		must(t, other.Load(t.Context()))
		if trusts(t, ours, other) {
			t.Error("a certificate of another authority of the same name is trusted")
		}
	})
}

func TestAConfigMapOfSomebodyElseIsLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := tlsCluster(t)
		must(t, client.Tracker().Add(&corev1.ConfigMap{
			ObjectMeta: metav1.ObjectMeta{Name: "check-ca", Namespace: testNamespace}, Data: map[string]string{"ca.crt": "theirs"},
		}))
		err := newCertificates(t, client, selfSignedTLS()).Load(t.Context())
		if err == nil || !strings.Contains(err.Error(), "somebody else") || string(published(t, client, "ca.crt")) != "theirs" {
			t.Errorf("got %v", err)
		}
	})
}

func TestConflictsAreTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := tlsCluster(t)
		c := newCertificates(t, client, selfSignedTLS())
		must(t, c.Load(t.Context()))
		time.Sleep(certificate.AuthorityLife * 2 / 3)
		left := map[string]int{"secrets": 2, "configmaps": 2}
		client.PrependReactor("update", "*", func(action clienttesting.Action) (bool, runtime.Object, error) {
			resource := action.GetResource().Resource
			if left[resource]--; left[resource] < 0 {
				return false, nil, nil
			}
			return true, nil, apierrors.NewConflict(schema.GroupResource{Resource: resource}, "check-ca", errors.New("changed"))
		})
		must(t, c.Load(t.Context()))
		all, err := certificate.ParseBundle(published(t, client, "ca.crt"))
		if err != nil || len(all) != 2 || left["secrets"] >= 0 || left["configmaps"] >= 0 {
			t.Errorf("%d authorities, %v, left %v", len(all), err, left)
		}
	})
}

func TestADamagedAuthorityIsNotReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := tlsCluster(t)
		must(t, client.Tracker().Add(&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "check-ca", Namespace: testNamespace}, Data: map[string][]byte{"tls.crt": []byte("x")}}))
		err := newCertificates(t, client, selfSignedTLS()).Load(t.Context())
		if err == nil || !strings.Contains(err.Error(), "check-ca") || !strings.Contains(err.Error(), "deleted") {
			t.Errorf("got %v, want what is to be done", err)
		}
		if i := slices.IndexFunc(client.Actions(), func(a clienttesting.Action) bool { return a.GetVerb() != "get" }); i >= 0 {
			t.Errorf("it was written: %v", client.Actions()[i])
		}
	})
}
