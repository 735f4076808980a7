package servingcert

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/servingcert/certificate"
)

func TestWhatIsOfNoUseStaysOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours := authorityFor(t, "svc.jobs.svc")
		other := authorityFor(t, "svc.jobs.svc")
		good := ours.secret(t)
		tests := map[string]struct {
			data map[string][]byte
			want string
		}{
			"no certificate":               {map[string][]byte{"tls.key": good["tls.key"]}, "tls.crt"},
			"no key":                       {map[string][]byte{"tls.crt": good["tls.crt"]}, "tls.key"},
			"another key":                  {map[string][]byte{"tls.crt": good["tls.crt"], "tls.key": other.secret(t)["tls.key"]}, "private key"},
			"another authority":            {map[string][]byte{"tls.crt": good["tls.crt"], "tls.key": good["tls.key"], "ca.crt": other.secret(t)["ca.crt"]}, "ca.crt"},
			"an authority that is damaged": {map[string][]byte{"tls.crt": good["tls.crt"], "tls.key": good["tls.key"], "ca.crt": []byte("hello")}, "ca.crt"},
			"another name":                 {authorityFor(t, "example.com").secret(t), "svc.jobs.svc"},
		}
		for name, tt := range tests {
			client := tlsCluster(t)
			fill(t, client, good)
			c := newCertificates(t, client, secretTLS())
			must(t, c.Load(t.Context()))
			before := shownBy(t, c)
			fill(t, client, tt.data)
			err := c.Load(t.Context())
			if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), "given") {
				t.Errorf("%s: got %v, want an error that names the Secret and %s", name, err, tt.want)
			}
			if shownBy(t, c) != before {
				t.Errorf("%s: the last good certificate is gone", name)
			}
			fill(t, client, good)
			must(t, c.Load(t.Context()))
		}
	})
}

func TestASecretThatIsRenewedIsPickedUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := tlsCluster(t)
		ours := authorityFor(t, "svc.jobs.svc")
		fill(t, client, ours.secret(t))
		c := newCertificates(t, client, secretTLS())
		must(t, c.Load(t.Context()))
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		go c.Run(ctx)
		before := shownBy(t, c)
		fill(t, client, ours.secret(t)) // a new leaf of the same authority
		time.Sleep(pollPeriod)
		synctest.Wait()
		if shownBy(t, c).Leaf.Equal(before.Leaf) {
			t.Error("the old certificate is shown after a poll")
		}
	})
}

// A new authority is published before a certificate of it is shown.
func TestANewAuthorityIsKnownBeforeItIsNeeded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := tlsCluster(t)
		old, next := authorityFor(t, "svc.jobs.svc"), authorityFor(t, "svc.jobs.svc")
		fill(t, client, old.secret(t))
		c := newCertificates(t, client, secretTLS())
		must(t, c.Load(t.Context()))
		before := shownBy(t, c)
		fill(t, client, next.secret(t))
		must(t, c.Load(t.Context()))
		if all, err := certificate.ParseBundle(published(t, client, "ca.crt")); err != nil || len(all) != 2 {
			t.Errorf("%d authorities are published, %v, want the old one and the new one", len(all), err)
		}
		if !shownBy(t, c).Leaf.Equal(before.Leaf) {
			t.Error("a certificate is shown that pods do not know the authority of")
		}
		time.Sleep(bundleSettle)
		must(t, c.Load(t.Context()))
		if shownBy(t, c).Leaf.Equal(before.Leaf) || !trusts(t, c, c) {
			t.Error("the new certificate is not shown, or not trusted")
		}
	})
}

func TestASecretWithoutAnAuthorityPublishesNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := tlsCluster(t)
		data := authorityFor(t, "svc.jobs.svc").secret(t)
		delete(data, "ca.crt")
		fill(t, client, data)
		c := newCertificates(t, client, secretTLS())
		must(t, c.Load(t.Context()))
		how, err := c.ClientConfig()
		if err != nil || c.CABundle() != "" || how.RootCAs != nil || how.ServerName != "svc.jobs.svc" || how.InsecureSkipVerify {
			t.Errorf("bundle %q, %+v, %v: want the system's authorities", c.CABundle(), how, err)
		}
		if trusts(t, c, c) {
			t.Error("an authority is trusted that the system does not know")
		}
	})
}

func TestThePortsHaveBundlesOfTheirOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := tlsCluster(t)
		fill(t, client, authorityFor(t, "reports.example.com").secret(t))
		reports := newCertificates(t, client, secretTLS(), func(o *Options) { o.Port = ReportPort })
		must(t, reports.Load(t.Context()))
		must(t, newCertificates(t, client, selfSignedTLS()).Load(t.Context()))
		if bytes.Equal(published(t, client, "ca.crt"), published(t, client, "reports-ca.crt")) {
			t.Error("they share one")
		}
		how, err := reports.ClientConfig()
		if err != nil || how.ServerName != "reports.example.com" || !trusts(t, reports, reports) {
			t.Errorf("%v: replicas do not reach each other by the name the certificate is for", err)
		}
	})
}
