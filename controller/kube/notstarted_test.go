package kube

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/testkit"
)

func TestNotStarted(t *testing.T) {
	config := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: "jobs", Name: "config", UID: "7"}}
	tests := map[string]struct {
		client  *fake.Clientset
		problem string
		wantUID string
		want    string
	}{
		"about the ConfigMap":                   {fake.NewClientset(config), "podPoolSize: 0", "7", "podPoolSize: 0"},
		"about a ConfigMap that does not exist": {fake.NewClientset(), "it does not exist", "", "it does not exist"},
		"more than an event holds":              {fake.NewClientset(config), strings.Repeat("x", 5000), "7", execution.Truncate(strings.Repeat("x", 5000), MaxEventMessage)},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			start := StartEvents{Client: testkit.NewClient(tt.client), Namespace: "jobs", ConfigMap: "config", Instance: "pod-1"}
			for range 2 {
				if err := start.NotStarted(t.Context(), tt.problem); err != nil {
					t.Fatal(err)
				}
			}
			events := testkit.Events(t, tt.client, "jobs")
			if len(events) != 1 {
				t.Fatalf("got %d events, want one that counts its repetition", len(events))
			}
			got := events[0]
			if got.Type != corev1.EventTypeWarning || got.Reason != EventNotStarted || got.Note != tt.want || got.Series == nil || got.Series.Count != 2 {
				t.Errorf("got %s %s %q, series %v", got.Type, got.Reason, got.Note, got.Series)
			}
			if got.Regarding.Name != "config" || string(got.Regarding.UID) != tt.wantUID || got.ReportingInstance != "pod-1" {
				t.Errorf("got an event about %+v from %s", got.Regarding, got.ReportingInstance)
			}
		})
	}
}
