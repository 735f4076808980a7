package testkit

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
)

// A reaction to all requests of the clientset, as of a test about the Lease, is none to the
// custom resources, and the other way round.
func TestCustomResourcesAreInAFakeOfTheirOwn(t *testing.T) {
	clientset := fake.NewClientset()
	client := NewClient(clientset)
	clientset.ReactionChain = nil
	execution := &v1alpha1.Execution{ObjectMeta: metav1.ObjectMeta{Name: "a"}, Spec: v1alpha1.ExecutionSpec{NodeCronJobName: "check"}}
	created, err := client.V1alpha1().Executions("jobs").Create(t.Context(), execution, metav1.CreateOptions{})
	if err != nil || created.UID == "" {
		t.Errorf("got %+v, %v, want it stored", created, err)
	}
	if actions := clientset.Actions(); len(actions) > 0 {
		t.Errorf("got %v, want no request to the clientset", actions)
	}
}
