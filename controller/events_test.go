package controller

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"
)

func TestEventNamesAreNamesOfObjects(t *testing.T) {
	const longest = 253 - 1 - 16 // of what is left of the object's name
	tests := map[string]string{
		"a short name":                         "job",
		"a name that just fits":                strings.Repeat("a", longest),
		"a name that is cut behind a dot":      strings.Repeat("a", longest-1) + "." + strings.Repeat("b", 10),
		"a name that is cut behind a hyphen":   strings.Repeat("a", longest-1) + "-" + strings.Repeat("b", 10),
		"a name that is cut behind hyphens":    strings.Repeat("a", longest-3) + "---" + strings.Repeat("b", 10),
		"a name that is cut within its labels": strings.Repeat("a.", 120) + "b",
	}
	for name, object := range tests {
		t.Run(name, func(t *testing.T) {
			got := eventName(corev1.ObjectReference{Name: object}, corev1.EventTypeWarning, "Reason", "message")
			if problems := validation.IsDNS1123Subdomain(got); len(problems) > 0 {
				t.Errorf("%s: %v", got, problems)
			}
			if other := eventName(corev1.ObjectReference{Name: object}, corev1.EventTypeWarning, "Reason", "another"); other == got {
				t.Error("another message has the same event")
			}
		})
	}
}
