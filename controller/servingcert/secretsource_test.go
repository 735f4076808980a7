package servingcert

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/testkit"
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
			testkit.Must(t, c.Load(t.Context()))
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
			testkit.Must(t, c.Load(t.Context()))
		}
	})
}

func TestASecretThatIsRenewedIsPickedUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := tlsCluster(t)
		ours := authorityFor(t, "svc.jobs.svc")
		fill(t, client, ours.secret(t))
		c := newCertificates(t, client, secretTLS())
		testkit.Must(t, c.Load(t.Context()))
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

func TestASecretWithoutAnAuthorityPublishesNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := tlsCluster(t)
		data := authorityFor(t, "svc.jobs.svc").secret(t)
		delete(data, "ca.crt")
		fill(t, client, data)
		c := newCertificates(t, client, secretTLS())
		testkit.Must(t, c.Load(t.Context()))
		how, err := c.ClientConfig()
		if err != nil || c.CABundle() != "" || how.RootCAs != nil || how.ServerName != "svc.jobs.svc" || how.InsecureSkipVerify {
			t.Errorf("bundle %q, %+v, %v: want the system's authorities", c.CABundle(), how, err)
		}
		if trusts(t, c, c) {
			t.Error("an authority is trusted that the system does not know")
		}
	})
}
