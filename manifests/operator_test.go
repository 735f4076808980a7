package manifests

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"
)

// The fields of the Prometheus Operator's API that the components use. Its package has
// too many dependencies. Any other field is an error.
type (
	serviceMonitor struct {
		metav1.TypeMeta   `json:",inline"`
		metav1.ObjectMeta `json:"metadata"`
		Spec              struct {
			Selector  metav1.LabelSelector `json:"selector"`
			Endpoints []struct {
				Port     string `json:"port"`
				Interval string `json:"interval"`
			} `json:"endpoints"`
		} `json:"spec"`
	}
	prometheusRule struct {
		metav1.TypeMeta   `json:",inline"`
		metav1.ObjectMeta `json:"metadata"`
		Spec              struct {
			Groups []struct {
				Name  string `json:"name"`
				Rules []rule `json:"rules"`
			} `json:"groups"`
		} `json:"spec"`
	}
	rule struct {
		Alert         string            `json:"alert"`
		Expr          string            `json:"expr"`
		For           string            `json:"for,omitempty"`
		KeepFiringFor string            `json:"keep_firing_for,omitempty"`
		Labels        map[string]string `json:"labels"`
		Annotations   map[string]string `json:"annotations"`
	}
)

// ofOperator decodes the one object of a kind of monitoring.coreos.com/v1.
func ofOperator(t *testing.T, objects []runtime.Object, kind string, into any) {
	t.Helper()
	var found []*unstructured.Unstructured
	for _, object := range all[*unstructured.Unstructured](objects) {
		if object.GetAPIVersion() == "monitoring.coreos.com/v1" && object.GetKind() == kind {
			found = append(found, object)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d objects of kind %s, want 1", len(found), kind)
	}
	text, err := found[0].MarshalJSON()
	if err == nil {
		err = yaml.UnmarshalStrict(text, into)
	}
	if err != nil {
		t.Fatalf("%s: %v", kind, err)
	}
}

func TestEveryReplicaIsScraped(t *testing.T) {
	for _, component := range []string{"service-monitor", "monitoring"} {
		t.Run(component, func(t *testing.T) {
			objects := decode(t, renderOnTop(t, BaseDir, "any", component))
			var monitor serviceMonitor
			ofOperator(t, objects, "ServiceMonitor", &monitor)
			service := only[*corev1.Service](t, objects)
			if selector := labels.SelectorFromSet(monitor.Spec.Selector.MatchLabels); !selector.Matches(labels.Set(service.Labels)) {
				t.Errorf("%v does not select the Service with %v", selector, service.Labels)
			}
			var ports []string
			for _, endpoint := range monitor.Spec.Endpoints {
				ports = append(ports, endpoint.Port)
			}
			if diff := cmp.Diff([]string{"metrics"}, ports); diff != "" {
				t.Errorf("ports (-want +got):\n%s", diff)
			}
			if monitor.Namespace != service.Namespace {
				t.Errorf("it is in namespace %q and the Service in %q", monitor.Namespace, service.Namespace)
			}
		})
	}
}

// What the alerts say and when they fire is tested in e2e/monitoring.
func TestTheRulesHaveNoFieldThatTheOperatorDoesNotKnow(t *testing.T) {
	var found prometheusRule
	ofOperator(t, decode(t, renderOnTop(t, BaseDir, "any", "monitoring")), "PrometheusRule", &found)
	groups, alerts := map[string]bool{}, map[string]bool{}
	for _, group := range found.Spec.Groups {
		if groups[group.Name] {
			t.Errorf("there are two groups %s", group.Name)
		}
		groups[group.Name] = true
		for _, r := range group.Rules {
			if r.Alert == "" || r.Expr == "" || alerts[r.Alert] {
				t.Errorf("alert %q: it is there twice, or lacks its name or its expression", r.Alert)
			}
			alerts[r.Alert] = true
		}
	}
	if len(alerts) == 0 {
		t.Error("there are no alerts")
	}
}

// Without an overlay, a user can apply the component alone in the controller's
// namespace.
func TestMonitoringStandsAlone(t *testing.T) {
	files, err := quickFiles()
	if err != nil {
		t.Fatal(err)
	}
	rendered, err := renderDir(files, ComponentsDir+"/monitoring")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, object := range decode(t, rendered) {
		got = append(got, object.GetObjectKind().GroupVersionKind().Kind)
		if labels := accessor(t, object).GetLabels(); labels["app.kubernetes.io/name"] != "batch-job-controller" {
			t.Errorf("%T does not say whose it is: %v", object, labels)
		}
	}
	if diff := cmp.Diff([]string{"ConfigMap", "PrometheusRule", "ServiceMonitor"}, got); diff != "" {
		t.Errorf("objects (-want +got):\n%s", diff)
	}
}

// The patch of docs/monitoring.md puts the label where many operators want it.
func TestThePatchOfTheDocumentationLabelsWhatTheOperatorReads(t *testing.T) {
	text, err := os.ReadFile("../docs/monitoring.md")
	if err != nil {
		t.Fatal(err)
	}
	_, patch, found := strings.Cut(string(text), "```yaml\npatches:")
	patch, _, ended := strings.Cut(patch, "```")
	if !found || !ended {
		t.Fatal("docs/monitoring.md has no block of YAML that begins with patches")
	}
	files, err := quickFiles()
	if err != nil {
		t.Fatal(err)
	}
	overlay := "namespace: any\nresources: [../../../manifests]\ncomponents: [../../components/monitoring]\npatches:" + patch
	if err := files.WriteFile(OverlaysDir+"/own/kustomization.yaml", []byte(overlay)); err != nil {
		t.Fatal(err)
	}
	rendered, err := renderDir(files, OverlaysDir+"/own")
	if err != nil {
		t.Fatal(err)
	}
	var labelled []string
	for _, object := range decode(t, rendered) {
		if accessor(t, object).GetLabels()["release"] == "kube-prometheus-stack" {
			labelled = append(labelled, object.GetObjectKind().GroupVersionKind().Kind)
		}
	}
	if diff := cmp.Diff([]string{"PrometheusRule", "ServiceMonitor"}, labelled); diff != "" {
		t.Errorf("objects with the label (-want +got):\n%s", diff)
	}
}
