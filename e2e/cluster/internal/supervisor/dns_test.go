package supervisor

import (
	"net/netip"
	"testing"

	"golang.org/x/net/dns/dnsmessage"
)

func TestParseServiceName(t *testing.T) {
	tests := map[string]struct {
		name                       string
		wantService, wantNamespace string
		wantOK                     bool
	}{
		"a Service":                  {name: "web.default.svc.cluster.local.", wantService: "web", wantNamespace: "default", wantOK: true},
		"in any case":                {name: "Web.Default.SVC.cluster.local.", wantService: "web", wantNamespace: "default", wantOK: true},
		"a name outside the cluster": {name: "example.org."},
		"without a namespace":        {name: "web.svc.cluster.local."},
		"with too many labels":       {name: "a.b.c.svc.cluster.local."},
		"with an empty Service":      {name: ".default.svc.cluster.local."},
		"the domain and no Service":  {name: "svc.cluster.local."},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			service, namespace, ok := parseServiceName(tc.name)
			if ok != tc.wantOK || ok && (service != tc.wantService || namespace != tc.wantNamespace) {
				t.Errorf("got %q, %q, %t", service, namespace, ok)
			}
		})
	}
}

func TestPack(t *testing.T) {
	tests := map[string]struct {
		kind        dnsmessage.Type
		wantAnswers int
	}{
		"a question for an IPv4 address": {kind: dnsmessage.TypeA, wantAnswers: 1},
		"a question for an IPv6 address": {kind: dnsmessage.TypeAAAA},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			question := dnsmessage.Question{
				Name: dnsmessage.MustNewName("web.default.svc.cluster.local."), Type: tc.kind, Class: dnsmessage.ClassINET,
			}
			packed, err := pack(dnsmessage.Header{ID: 7, Response: true}, question, []netip.Addr{netip.MustParseAddr("10.96.0.9")})
			if err != nil {
				t.Fatal(err)
			}
			var message dnsmessage.Message
			if err := message.Unpack(packed); err != nil {
				t.Fatal(err)
			}
			if message.ID != 7 || len(message.Answers) != tc.wantAnswers {
				t.Errorf("got %s", message.GoString())
			}
		})
	}
}
