package servingcert

import (
	"bytes"
	"errors"
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
	clienttesting "k8s.io/client-go/testing"

	"github.com/batch-job-controller/batch-job-controller/controller/servingcert/certificate"
	"github.com/batch-job-controller/batch-job-controller/controller/testkit"
)

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
		testkit.Must(t, first.Load(t.Context()))
		testkit.Must(t, second.Load(t.Context()))
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

// Two replicas that start at once find no Secret, and both create one.
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
		testkit.Must(t, ours.Load(t.Context()))
		testkit.Must(t, other.Load(t.Context()))
		if !raced || !trusts(t, ours, other) || !trusts(t, other, ours) {
			t.Error("they do not trust each other")
		}
	})
}

func TestAServiceThatIsMadeAnewHasACertificate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := tlsCluster(t)
		c := newCertificates(t, client, selfSignedTLS())
		testkit.Must(t, c.Load(t.Context()))
		service, err := client.CoreV1().Services(testNamespace).Get(t.Context(), "svc", metav1.GetOptions{})
		testkit.Must(t, err)
		service.Spec.ClusterIPs = []string{"10.96.0.8"}
		_, err = client.CoreV1().Services(testNamespace).Update(t.Context(), service, metav1.UpdateOptions{})
		testkit.Must(t, err)
		testkit.Must(t, c.Load(t.Context()))
		if !c.Covers("10.96.0.8") || c.Covers("10.96.0.7") {
			t.Errorf("it is for %v", shownBy(t, c).Leaf.IPAddresses)
		}
	})
}

func TestSelfSignedWithoutAService(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, service := range []string{"", "gone"} {
			c := newCertificates(t, tlsCluster(t), selfSignedTLS(), func(o *Options) { o.Service, o.PodIP = service, "10.0.0.1" })
			testkit.Must(t, c.Load(t.Context()))
			if !c.Covers("10.0.0.1") {
				t.Errorf("service %q: the certificate is not for POD_IP", service)
			}
		}
	})
}

func TestAnotherAuthorityIsNotTrusted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, other := newCertificates(t, tlsCluster(t), selfSignedTLS()), newCertificates(t, tlsCluster(t), selfSignedTLS())
		testkit.Must(t, ours.Load(t.Context()))
		testkit.Must(t, other.Load(t.Context()))
		if trusts(t, ours, other) {
			t.Error("a certificate of another authority of the same name is trusted")
		}
	})
}

func TestConflictsAreTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := tlsCluster(t)
		c := newCertificates(t, client, selfSignedTLS())
		testkit.Must(t, c.Load(t.Context()))
		time.Sleep(certificate.AuthorityLife * 2 / 3)
		left := map[string]int{"secrets": 2, "configmaps": 2}
		client.PrependReactor("update", "*", func(action clienttesting.Action) (bool, runtime.Object, error) {
			resource := action.GetResource().Resource
			if left[resource]--; left[resource] < 0 {
				return false, nil, nil
			}
			return true, nil, apierrors.NewConflict(schema.GroupResource{Resource: resource}, "check-ca", errors.New("changed"))
		})
		testkit.Must(t, c.Load(t.Context()))
		all, err := certificate.ParseBundle(published(t, client, "ca.crt"))
		if err != nil || len(all) != 2 || left["secrets"] >= 0 || left["configmaps"] >= 0 {
			t.Errorf("%d authorities, %v, left %v", len(all), err, left)
		}
	})
}

func TestADamagedAuthorityIsNotReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := tlsCluster(t)
		testkit.Must(t, client.Tracker().Add(&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "check-ca", Namespace: testNamespace}, Data: map[string][]byte{"tls.crt": []byte("x")}}))
		err := newCertificates(t, client, selfSignedTLS()).Load(t.Context())
		if err == nil || !strings.Contains(err.Error(), "check-ca") || !strings.Contains(err.Error(), "delete the Secret") {
			t.Errorf("got %v, want what is to be done", err)
		}
		if i := slices.IndexFunc(client.Actions(), func(a clienttesting.Action) bool { return a.GetVerb() != "get" }); i >= 0 {
			t.Errorf("it was written: %v", client.Actions()[i])
		}
	})
}
