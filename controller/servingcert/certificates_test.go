package servingcert

import (
	"context"
	"crypto/tls"
	"testing"
	"testing/synctest"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/servingcert/certificate"
	"github.com/batch-job-controller/batch-job-controller/controller/testkit"
)

// For a year and a half of two replicas, each replica and a pod with the published bundle
// trust every presented certificate, and none of these has expired.
func TestCertificatesAreRenewedInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := tlsCluster(t)
		first, second := newCertificates(t, client, selfSignedTLS()), newCertificates(t, client, selfSignedTLS())
		pod := published
		authorities, leaves := map[string]bool{}, map[string]bool{}
		for began := time.Now(); time.Since(began) < 18*30*24*time.Hour; time.Sleep(6 * time.Hour) {
			// Pods have the bundle that was published before this poll.
			testkit.Must(t, first.Load(t.Context()))
			bundle := pod(t, client, "ca.crt")
			testkit.Must(t, second.Load(t.Context()))
			if !trusts(t, first, second) || !trusts(t, second, first) {
				t.Fatalf("they distrust each other after %s", time.Since(began))
			}
			leaf := shownBy(t, first).Leaf
			if left := time.Until(leaf.NotAfter); left < certificate.ServerLife/3-6*time.Hour {
				t.Fatalf("it has %s left after %s", left, time.Since(began))
			}
			roots, err := certificate.Pool(bundle)
			testkit.Must(t, err)
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
		testkit.Must(t, c.Load(t.Context()))
		served, before := c.ServerConfig(), shownBy(t, c)
		ctx, stop := context.WithCancel(t.Context())
		go c.Run(ctx)
		time.Sleep(certificate.ServerLife * 2 / 3)
		synctest.Wait()
		after, err := served.GetCertificate(&tls.ClientHelloInfo{})
		testkit.Must(t, err)
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

// A new authority is published before a certificate of it is presented.
func TestANewAuthorityIsKnownBeforeItIsNeeded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := tlsCluster(t)
		old, next := authorityFor(t, "svc.jobs.svc"), authorityFor(t, "svc.jobs.svc")
		fill(t, client, old.secret(t))
		c := newCertificates(t, client, secretTLS())
		testkit.Must(t, c.Load(t.Context()))
		before := shownBy(t, c)
		fill(t, client, next.secret(t))
		testkit.Must(t, c.Load(t.Context()))
		if all, err := certificate.ParseBundle(published(t, client, "ca.crt")); err != nil || len(all) != 2 {
			t.Errorf("%d authorities are published, %v, want the old one and the new one", len(all), err)
		}
		if !shownBy(t, c).Leaf.Equal(before.Leaf) {
			t.Error("a certificate is shown that pods do not know the authority of")
		}
		time.Sleep(bundleSettle)
		testkit.Must(t, c.Load(t.Context()))
		if shownBy(t, c).Leaf.Equal(before.Leaf) || !trusts(t, c, c) {
			t.Error("the new certificate is not shown, or not trusted")
		}
	})
}
