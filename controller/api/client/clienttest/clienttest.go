package clienttest

import (
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/api/client"
	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
)

// Cluster is a namespace of an API server.
type Cluster struct {
	Namespace string
	Resources client.Interface
	// ConfigMaps are those of the namespace. Only the cases of Collection need them.
	ConfigMaps corev1client.ConfigMapInterface
}

// Case is something that an API server does. Each case makes objects of its own.
type Case struct {
	Name string
	Run  func(t testing.TB, c Cluster)
}

// Cases returns what each API server does, also one in memory.
func Cases() []Case {
	return append(append(writes(), rules()...), watches()...)
}

// c is a Cluster in a case.
type cluster struct {
	Cluster
	t testing.TB
}

func in(f func(c cluster)) func(testing.TB, Cluster) {
	return func(t testing.TB, c Cluster) {
		t.Helper()
		f(cluster{c, t})
	}
}

func (c cluster) executions() client.ExecutionInterface {
	return c.Resources.Executions(c.Namespace)
}

func (c cluster) must(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

func (c cluster) want(what string, err error, is func(error) bool) {
	c.t.Helper()
	if !is(err) {
		c.t.Errorf("%s: got %v", what, err)
	}
}

// create creates an Execution with a name.
func (c cluster) create(name string, mutate ...func(*v1alpha1.Execution)) *v1alpha1.Execution {
	c.t.Helper()
	e := newExecution(name)
	for _, f := range mutate {
		f(e)
	}
	created, err := c.executions().Create(c.t.Context(), e, metav1.CreateOptions{})
	c.must(err)
	return created
}

func newExecution(name string) *v1alpha1.Execution {
	return &v1alpha1.Execution{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"case": name}},
		Spec:       v1alpha1.ExecutionSpec{NodeCronJobName: "check"},
	}
}

// update updates an Execution with what f changes.
func (c cluster) update(e *v1alpha1.Execution, f func(*v1alpha1.Execution)) (*v1alpha1.Execution, error) {
	changed := e.DeepCopy()
	f(changed)
	return c.executions().Update(c.t.Context(), changed, metav1.UpdateOptions{})
}

// updateStatus updates an Execution's status with what f changes.
func (c cluster) updateStatus(e *v1alpha1.Execution, f func(*v1alpha1.Execution)) (*v1alpha1.Execution, error) {
	changed := e.DeepCopy()
	f(changed)
	return c.executions().UpdateStatus(c.t.Context(), changed, metav1.UpdateOptions{})
}

func (c cluster) get(name string) (*v1alpha1.Execution, error) {
	return c.executions().Get(c.t.Context(), name, metav1.GetOptions{})
}

// open sets the status of an execution that is open.
func open(e *v1alpha1.Execution) {
	at := metav1.NewTime(time.Date(2006, 1, 2, 15, 4, 5, 0, time.UTC))
	e.Status.Phase, e.Status.ExecutionID, e.Status.OpenTime = v1alpha1.Open, "20060102150405", &at
	e.Status.Plan = &v1alpha1.Plan{Parts: []v1alpha1.PlanPart{{
		Name: "part", Digest: "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	}}}
	e.Status.Account = &v1alpha1.Account{Schema: 1, Admitted: "0-2", Outcomes: []v1alpha1.Outcome{{State: v1alpha1.Succeeded, Indexes: "0"}}}
}

// isNil is for cluster.want, beside the functions of apierrors.
func isNil(err error) bool { return err == nil }

// isGone reports whether an object is gone.
func isGone(err error) bool { return apierrors.IsNotFound(err) }
