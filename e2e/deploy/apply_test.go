package deploy

import (
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func TestIsEstablished(t *testing.T) {
	condition := func(kind, status string) map[string]any { return map[string]any{"type": kind, "status": status} }
	tests := map[string]struct {
		status any
		want   bool
	}{
		"it has no status":                  {},
		"its conditions are null":           {status: map[string]any{"conditions": nil}},
		"its names are accepted":            {status: map[string]any{"conditions": []any{condition("NamesAccepted", "True")}}},
		"it is being established":           {status: map[string]any{"conditions": []any{condition("Established", "False")}}},
		"it is established":                 {status: map[string]any{"conditions": []any{condition("NamesAccepted", "True"), condition("Established", "True")}}, want: true},
		"its status is not what it must be": {status: "x"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			definition := &unstructured.Unstructured{Object: map[string]any{"kind": "CustomResourceDefinition"}}
			if tt.status != nil {
				definition.Object["status"] = tt.status
			}
			if got := isEstablished(definition); got != tt.want {
				t.Errorf("got %t, want %t", got, tt.want)
			}
		})
	}
}
