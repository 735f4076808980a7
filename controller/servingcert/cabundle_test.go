package servingcert

import (
	"bytes"
	"strings"
	"testing"
	"testing/synctest"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/testkit"
)

func TestAConfigMapOfSomebodyElseIsLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := tlsCluster(t)
		testkit.Must(t, client.Tracker().Add(&corev1.ConfigMap{
			ObjectMeta: metav1.ObjectMeta{Name: "check-ca", Namespace: testNamespace}, Data: map[string]string{"ca.crt": "theirs"},
		}))
		err := newCertificates(t, client, selfSignedTLS()).Load(t.Context())
		if err == nil || !strings.Contains(err.Error(), "does not belong to this controller") || string(published(t, client, "ca.crt")) != "theirs" {
			t.Errorf("got %v", err)
		}
	})
}

func TestThePortsHaveBundlesOfTheirOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := tlsCluster(t)
		fill(t, client, authorityFor(t, "reports.example.com").secret(t))
		reports := newCertificates(t, client, secretTLS(), func(o *Options) { o.Port = ReportPort })
		testkit.Must(t, reports.Load(t.Context()))
		testkit.Must(t, newCertificates(t, client, selfSignedTLS()).Load(t.Context()))
		if bytes.Equal(published(t, client, "ca.crt"), published(t, client, "reports-ca.crt")) {
			t.Error("they share one")
		}
		how, err := reports.ClientConfig()
		if err != nil || how.ServerName != "reports.example.com" || !trusts(t, reports, reports) {
			t.Errorf("%v: replicas do not reach each other by the name the certificate is for", err)
		}
	})
}
