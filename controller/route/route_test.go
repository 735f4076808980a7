package route_test

import (
	"strings"
	"testing"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/route"
)

var key = execution.Key{Execution: "20261124034200", Node: "node-1.zone-a"}

func TestURL(t *testing.T) {
	tests := map[string]struct {
		host, prefix string
		kind         route.Kind
		want         string
	}{
		"an IPv4 address": {"10.0.0.1", "", route.Result, "http://10.0.0.1:8090/report/node-1.zone-a/20261124034200/result"},
		"an IPv6 address": {"fd00::1", "", route.File, "http://[fd00::1]:8090/report/node-1.zone-a/20261124034200/file"},
		"a name":          {"svc.ns.svc", "", route.Event, "http://svc.ns.svc:8090/report/node-1.zone-a/20261124034200/event"},
		"a token":         {"10.0.0.1", route.TokenPath("$(T)"), route.Event, "http://10.0.0.1:8090/t/$(T)/report/node-1.zone-a/20261124034200/event"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := route.URL(tt.host, 8090, tt.prefix, tt.kind, key); got != tt.want {
				t.Errorf("URL: got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestParseKey(t *testing.T) {
	tests := map[string]struct {
		node, id string
		wantErr  string
	}{
		"a node and an execution":      {node: "node-1.zone-a", id: "20261124034200"},
		"a node's name in upper case":  {node: "Node-1", id: "20261124034200", wantErr: "name of a node"},
		"a node's name with a slash":   {node: "a/b", id: "20261124034200", wantErr: "name of a node"},
		"a parent directory":           {node: "..", id: "20261124034200", wantErr: "name of a node"},
		"a node's name of 254 letters": {node: strings.Repeat("a", 254), id: "20261124034200", wantErr: "name of a node"},
		"no node":                      {node: "", id: "20261124034200", wantErr: "name of a node"},
		"an ID of 13 digits":           {node: "a", id: "2026112403420", wantErr: "14 digits"},
		"an ID that is no time":        {node: "a", id: "20261324034200", wantErr: "time in UTC"},
		"an ID of letters":             {node: "a", id: "abcdefghijklmn", wantErr: "time in UTC"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := route.ParseKey(tt.node, tt.id)
			if tt.wantErr != "" {
				if err == nil || !strings.Contains(err.Error(), tt.wantErr) {
					t.Fatalf("ParseKey: got error %v, want one with %q", err, tt.wantErr)
				}
				return
			}
			if err != nil || got.Node != tt.node || string(got.Execution) != tt.id {
				t.Errorf("ParseKey: got %v, %v", got, err)
			}
		})
	}
}

func FuzzParseKey(f *testing.F) {
	f.Add("node-1", "20261124034200")
	f.Add("..", "")
	f.Fuzz(func(t *testing.T, node, id string) {
		key, err := route.ParseKey(node, id)
		if err != nil {
			return
		}
		if strings.ContainsAny(key.Node, "/\\\x00\n") || key.Node == ".." {
			t.Errorf("ParseKey accepted the node %q", node)
		}
	})
}
