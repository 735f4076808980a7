package kube_test

import (
	"sync/atomic"
	"testing"
	"testing/synctest"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/clock"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/testkit"
)

func TestTheCacheOfNodeCronJobs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clientset := testkit.NewClientset()
		client := clientset.V1alpha1().NodeCronJobs("jobs")
		create := func(name string) *v1alpha1.NodeCronJob {
			t.Helper()
			n := &v1alpha1.NodeCronJob{ObjectMeta: metav1.ObjectMeta{
				Name: name, Annotations: map[string]string{"a": "b"}, ManagedFields: []metav1.ManagedFieldsEntry{{Manager: "kubectl"}},
			}}
			created, err := client.Create(t.Context(), n, metav1.CreateOptions{})
			testkit.Must(t, err)
			return created
		}
		create("b")
		cache, err := kube.NewNodeCronJobs(clientset, "jobs", "replica", clock.RealClock{}, nil)
		testkit.Must(t, err)
		var news atomic.Int32
		testkit.Must(t, cache.Notify(func() { news.Add(1) }))
		go cache.Run(t.Context())
		testkit.Must(t, cache.WaitForSync(t.Context()))
		synctest.Wait()
		if all := cache.All(); len(all) != 1 || all[0].Name != "b" || news.Load() != 1 {
			t.Fatalf("got %v after %d notices, want b after one", all, news.Load())
		}
		create("a")
		synctest.Wait()
		all := cache.All()
		if len(all) != 2 || all[0].Name != "a" || news.Load() != 2 {
			t.Fatalf("got %v after %d notices, want a and b after two", all, news.Load())
		}
		if all[0].ManagedFields != nil || all[0].Annotations["a"] != "b" {
			t.Errorf("got %+v, want all but the managed fields", all[0].ObjectMeta)
		}
		testkit.Must(t, client.Delete(t.Context(), "b", metav1.DeleteOptions{}))
		synctest.Wait()
		if all := cache.All(); len(all) != 1 || news.Load() != 3 {
			t.Errorf("got %v after %d notices, want a after three", all, news.Load())
		}
	})
}
