package clustertest

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	metadatafake "k8s.io/client-go/metadata/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/cluster"
	v1alpha1fake "github.com/batch-job-controller/batch-job-controller/controller/api/client/fake"
	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
)

// Server is an API server that selects pods by phase and labels, which the fake clients do
// not support.
type Server struct {
	*cluster.Installation
	Core   *fake.Clientset
	Custom *v1alpha1fake.Client
	Pods   []corev1.Pod
}

// New returns an API server with an installation of a controller named check.
func New(t *testing.T, objects ...runtime.Object) *Server {
	t.Helper()
	meta := metadatafake.NewSimpleMetadataClient(metadatafake.NewTestScheme())
	resources, err := v1alpha1fake.New()
	if err != nil {
		t.Fatal(err)
	}
	a := &Server{Core: fake.NewClientset(objects...), Custom: resources}
	a.Installation = &cluster.Installation{
		Cluster:    &cluster.Cluster{Interface: a.Core, Metadata: meta, Resources: resources},
		Deployment: &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Name: "controller", Namespace: "checks"}},
		Container:  "controller",
		Namespace:  "checks",
		Config:     config.Config{Controller: config.Controller{Name: "check"}},
	}
	a.Core.PrependReactor("list", "pods", func(action clienttesting.Action) (bool, runtime.Object, error) {
		return true, &corev1.PodList{Items: a.inPhases(action)}, nil
	})
	meta.PrependReactor("list", "pods", func(action clienttesting.Action) (bool, runtime.Object, error) {
		list := &metav1.List{}
		for _, pod := range a.inPhases(action) {
			list.Items = append(list.Items, runtime.RawExtension{Object: &metav1.PartialObjectMetadata{ObjectMeta: pod.ObjectMeta}})
		}
		return true, list, nil
	})
	return a
}

func (a *Server) inPhases(action clienttesting.Action) (in []corev1.Pod) {
	selects := action.(clienttesting.ListAction).GetListRestrictions()
	for _, pod := range a.Pods {
		if selects.Fields.Matches(fields.Set{"status.phase": string(pod.Status.Phase)}) && selects.Labels.Matches(labels.Set(pod.Labels)) {
			in = append(in, pod)
		}
	}
	return in
}

// Add adds a pod of a node task of the definition check.
func (a *Server) Add(id execution.ID, node string, phase corev1.PodPhase) {
	a.AddOf("check", id, node, phase)
}

// AddOf adds a pod of a node task of a definition.
func (a *Server) AddOf(definition string, id execution.ID, node string, phase corev1.PodPhase) {
	own := jobspec.CommonLabels(a.Config.Name, jobspec.JobComponent)
	own[jobspec.ExecutionLabel] = string(id)
	own[batchv1.JobNameLabel] = jobspec.JobName(definition, execution.Key{Execution: id, Node: node})
	a.Pods = append(a.Pods, corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: "checks", Labels: own, Annotations: map[string]string{jobspec.NodeAnnotation: node}},
		Status:     corev1.PodStatus{Phase: phase},
	})
}

// Listed returns how often a resource was listed.
func (a *Server) Listed(resource string) int { return Asked(&a.Core.Fake, "list", resource) }

// Asked returns how often a resource was asked for with a verb.
func Asked(f *clienttesting.Fake, verb, resource string) (n int) {
	for _, action := range f.Actions() {
		if action.Matches(verb, resource) {
			n++
		}
	}
	return n
}
