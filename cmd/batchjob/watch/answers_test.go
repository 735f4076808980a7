package watch

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
	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/record"
)

// answers is an API server that selects pods by phase and labels, which the fake clients do
// not support.
type answers struct {
	*cluster.Installation
	client    *fake.Clientset
	resources *v1alpha1fake.Client
	pods      []corev1.Pod
}

func newAnswers(t *testing.T, objects ...runtime.Object) *answers {
	t.Helper()
	meta := metadatafake.NewSimpleMetadataClient(metadatafake.NewTestScheme())
	resources, err := v1alpha1fake.New()
	if err != nil {
		t.Fatal(err)
	}
	a := &answers{client: fake.NewClientset(objects...), resources: resources}
	a.Installation = &cluster.Installation{
		Cluster:    &cluster.Cluster{Interface: a.client, Metadata: meta, Resources: resources},
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
	return a
}

func (a *answers) inPhases(action clienttesting.Action) (in []corev1.Pod) {
	selects := action.(clienttesting.ListAction).GetListRestrictions()
	for _, pod := range a.pods {
		if selects.Fields.Matches(fields.Set{"status.phase": string(pod.Status.Phase)}) && selects.Labels.Matches(labels.Set(pod.Labels)) {
			in = append(in, pod)
		}
	}
	return in
}

// add adds a pod of a node task of the definition check.
func (a *answers) add(id execution.ID, node string, phase corev1.PodPhase) {
	a.addOf("check", id, node, phase)
}

func (a *answers) addOf(definition string, id execution.ID, node string, phase corev1.PodPhase) {
	own := jobspec.CommonLabels(a.Config.Name, jobspec.JobComponent)
	own[jobspec.ExecutionLabel] = string(id)
	own[batchv1.JobNameLabel] = jobspec.JobName(definition, execution.Key{Execution: id, Node: node})
	a.pods = append(a.pods, corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: "checks", Labels: own, Annotations: map[string]string{jobspec.NodeAnnotation: node}},
		Status:     corev1.PodStatus{Phase: phase},
	})
}

func (a *answers) listed(resource string) int { return asked(&a.client.Fake, "list", resource) }

// gotRecords returns how often a record was read.
func (a *answers) gotRecords() int { return asked(a.resources.Fake, "get", v1alpha1.ExecutionResource) }

func asked(f *clienttesting.Fake, verb, resource string) (n int) {
	for _, action := range f.Actions() {
		if action.Matches(verb, resource) {
			n++
		}
	}
	return n
}

// record opens an execution, and writes its phase.
func (a *answers) record(t *testing.T, id execution.ID, phase execution.Phase) *v1alpha1.Execution {
	t.Helper()
	store := record.NewStore(a.resources.Executions("checks"), a.client.CoreV1().ConfigMaps("checks"), "check")
	e, err := store.Create(t.Context(), "check", execution.Firing{Trigger: execution.Cron, Scheduled: id.Time()})
	if err != nil {
		t.Fatal(err)
	}
	r, err := store.Open(t.Context(), e, execution.Plan{ID: id, NodeCronJob: "check", Trigger: execution.Cron, Scheduled: id.Time()}, execution.Account{Phase: execution.Open}, id.Time())
	if err != nil {
		t.Fatal(err)
	}
	if phase != execution.Open {
		if r, err = store.Swap(t.Context(), r, record.Next{Account: execution.Account{Phase: phase}}); err != nil {
			t.Fatal(err)
		}
	}
	a.resources.ClearActions()
	return r.Object
}

// edit changes a record, as a tool may that writes what the API server stores.
func (a *answers) edit(t *testing.T, e *v1alpha1.Execution, change func(*v1alpha1.Execution)) {
	t.Helper()
	changed := e.DeepCopy()
	change(changed)
	if err := a.resources.Tracker().Update(v1alpha1.GroupVersion().WithResource(v1alpha1.ExecutionResource), changed, "checks"); err != nil {
		t.Fatal(err)
	}
}

// withoutPlan damages a record.
func withoutPlan(e *v1alpha1.Execution) { e.Status.Plan = nil }
