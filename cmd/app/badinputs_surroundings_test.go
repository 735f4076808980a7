package app

import (
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/config"
)

// badSurroundings are what is around the configuration: the environment, the
// clock, the cluster, and other replicas.
func badSurroundings() badInputs {
	env := func(name, value string, says ...string) badConfig {
		return badConfig{env: map[string]string{name: value}, refused: append([]string{name}, says...)}
	}
	return badInputs{
		"C33": {"no node has the labels": noNodes{}},
		"C35": {
			"no Service":          badConfig{api: badAPI{noService: true}, refused: []string{`callbackServiceName: "bad": namespace jobs has no such Service`}},
			"no Service is named": refuseConfig("callbackServiceName:\n", "callbackServiceName: Required value", "POD_IP"),
		},
		"C37": {
			"a Service without an address": servedAt{service: corev1.ServiceSpec{ClusterIP: corev1.ClusterIPNone}, want: "http://bad.jobs.svc:8090/"},
			"IPv6":                         servedAt{service: corev1.ServiceSpec{ClusterIP: "fd00::7"}, want: "http://[fd00::7]:8090/"},
			"both IPv4 and IPv6":           servedAt{service: corev1.ServiceSpec{ClusterIP: "10.96.0.7", ClusterIPs: []string{"10.96.0.7", "fd00::7"}}, want: "http://10.96.0.7:8090/"},
		},
		"C58": {"a second controller of the same name": secondController{}},
		"C59": {"a configuration that changes for the worse": changedConfig{}},
		"C60": {
			"no namespace":                 env("NAMESPACE", "", "Required value"),
			"another namespace":            env("NAMESPACE", "nosuch", "ConfigMap bad of namespace nosuch", "does not exist"),
			"a wrong name":                 env("NAMESPACE", "No_Such", "Invalid value"),
			"a clock that is years behind": lateClock{},
		},
	}
}

func isJob(o runtime.Object) bool { _, ok := o.(*batchv1.Job); return ok }

// noNodes is a selector that no node matches.
type noNodes struct{}

func (noNodes) check(t *testing.T, _ *badServer, _ string) {
	t.Helper()
	s := newBadServer(t, badConfiguration+"jobNodeSelector: {no: such}\n", corev1.ServiceSpec{}, []string{"a"})
	s.run(t)
	var reasons []string
	for len(reasons) < 2 {
		event := s.await(t, func(o runtime.Object) bool {
			if isJob(o) {
				t.Error("a Job is created")
			}
			_, isEvent := o.(*eventsv1.Event)
			return isEvent
		})
		reasons = append(reasons, event.(*eventsv1.Event).Reason)
	}
	if want := []string{"NoNodes", "ExecutionClosed"}; !slices.Equal(reasons, want) {
		t.Errorf("events: got %q, want %q", reasons, want)
	}
}

// servedAt is a Service with unusual addresses, and what pods are told.
type servedAt struct {
	service corev1.ServiceSpec
	want    string
}

func (c servedAt) check(t *testing.T, _ *badServer, _ string) {
	t.Helper()
	s := newBadServer(t, badConfiguration, c.service, []string{"a"})
	s.run(t)
	job := s.await(t, isJob).(*batchv1.Job)
	for _, v := range job.Spec.Template.Spec.Containers[0].Env {
		if v.Name == "CALLBACK_SERVICE_RESULT_URL" {
			if !strings.HasPrefix(v.Value, c.want) {
				t.Errorf("%s: got %s, want it to begin with %s", v.Name, v.Value, c.want)
			}
			return
		}
	}
	t.Error("the pod is not told where to report")
}

// secondController is one of the same name beside the first.
type secondController struct{}

func (secondController) check(t *testing.T, s *badServer, _ string) {
	t.Helper()
	before := len(s.records(t))
	second := *s
	second.directory = t.TempDir()
	a := second.run(t)
	for {
		here, leader, moved := a.manager.Callbacks()
		if here {
			t.Fatal("the second leads too")
		}
		if leader == "127.0.0.1" {
			break
		}
		<-moved
	}
	if after := len(s.records(t)); before != 1 || after != 1 {
		t.Errorf("executions: %d before, %d after", before, after)
	}
}

func (s *badServer) records(t *testing.T) []v1alpha1.Execution {
	t.Helper()
	list, err := s.client.V1alpha1().Executions("jobs").List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return list.Items
}

// changedConfig is a ConfigMap that is changed while the server runs.
type changedConfig struct{}

func (changedConfig) check(t *testing.T, s *badServer, node string) {
	t.Helper()
	client := s.client.CoreV1().ConfigMaps("jobs")
	object, err := client.Get(t.Context(), "bad", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	good := object.DeepCopy()
	object.Data[config.ConfigKey] = "podPoolSize: 0\n"
	if _, err := client.Update(t.Context(), object, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	taken(badRequest{body: smallResult}).check(t, s, node)
	if _, err := client.Update(t.Context(), good, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
}

// lateClock is the year 2000, in which the time of a bubble begins.
type lateClock struct{}

func (lateClock) check(t *testing.T, s *badServer, _ string) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		_, err := loadConfig(t.Context(), s.client, config.Env{Namespace: "jobs", ConfigMapName: "bad"}, slog.New(slog.DiscardHandler))
		if err == nil || !strings.Contains(err.Error(), "clock: Invalid value") {
			t.Errorf("loadConfig: got %v", err)
		}
	})
}
