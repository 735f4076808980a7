package watch

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	metadatafake "k8s.io/client-go/metadata/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/cluster"
	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
)

// answers is an API server that selects pods by phase, which the fake clients do not
// support.
type answers struct {
	*cluster.Installation
	client *fake.Clientset
	pods   []corev1.Pod
}

func newAnswers(objects ...runtime.Object) *answers {
	meta := metadatafake.NewSimpleMetadataClient(metadatafake.NewTestScheme())
	a := &answers{client: fake.NewClientset(objects...)}
	a.Installation = &cluster.Installation{
		Cluster:    &cluster.Cluster{Interface: a.client, Metadata: meta},
		Deployment: &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Name: "controller", Namespace: "checks"}},
		Container:  "controller",
		Namespace:  "checks",
		Config:     config.Config{Controller: config.Controller{Name: "check"}},
	}
	a.client.PrependReactor("list", "pods", func(action clienttesting.Action) (bool, runtime.Object, error) {
		return true, &corev1.PodList{Items: a.inPhases(action)}, nil
	})
	meta.PrependReactor("list", "pods", func(action clienttesting.Action) (bool, runtime.Object, error) {
		list := &metav1.List{}
		for _, pod := range a.inPhases(action) {
			list.Items = append(list.Items, runtime.RawExtension{Object: &metav1.PartialObjectMetadata{ObjectMeta: pod.ObjectMeta}})
		}
		return true, list, nil
	})
	meta.PrependReactor("list", "configmaps", func(clienttesting.Action) (bool, runtime.Object, error) {
		list := &metav1.List{}
		for _, o := range objects {
			if record, ok := o.(*corev1.ConfigMap); ok {
				list.Items = append(list.Items, runtime.RawExtension{Object: &metav1.PartialObjectMetadata{ObjectMeta: record.ObjectMeta}})
			}
		}
		return true, list, nil
	})
	return a
}

func (a *answers) inPhases(action clienttesting.Action) (in []corev1.Pod) {
	selector := action.(clienttesting.ListAction).GetListRestrictions().Fields
	for _, pod := range a.pods {
		if selector.Matches(fields.Set{"status.phase": string(pod.Status.Phase)}) {
			in = append(in, pod)
		}
	}
	return in
}

func (a *answers) add(id execution.ID, node string, phase corev1.PodPhase) {
	labels := jobspec.CommonLabels(a.Config.Name, jobspec.JobComponent)
	labels[jobspec.ExecutionLabel] = string(id)
	labels[batchv1.JobNameLabel] = jobOf(a.Installation, id, node)
	a.pods = append(a.pods, corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: "checks", Labels: labels, Annotations: map[string]string{jobspec.NodeAnnotation: node}},
		Status:     corev1.PodStatus{Phase: phase},
	})
}

func (a *answers) listed(resource string) int { return a.asked("list", resource) }

func (a *answers) got(resource string) int { return a.asked("get", resource) }

func (a *answers) asked(verb, resource string) (n int) {
	for _, action := range a.client.Actions() {
		if action.Matches(verb, resource) {
			n++
		}
	}
	return n
}

func recordOf(t *testing.T, id execution.ID, phase execution.Phase) *corev1.ConfigMap {
	t.Helper()
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	if err := json.NewEncoder(w).Encode(execution.Plan{ID: id}); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	labels := jobspec.CommonLabels("check", jobspec.RecordComponent)
	labels[jobspec.ExecutionLabel] = string(id)
	return &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Namespace: "checks", Name: jobspec.RecordName("check", id), Labels: labels},
		BinaryData: map[string][]byte{"plan.json.gz": packed.Bytes()},
		Data:       map[string]string{"schema": "1", "phase": string(phase)},
	}
}
