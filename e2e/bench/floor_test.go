//go:build e2e

package bench

import (
	"sync"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/tools/cache"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/e2e/api/rig"
	"github.com/batch-job-controller/batch-job-controller/e2e/api/rig/audit"
)

// runFloor creates the same Jobs with the least work: one request for each Job, the next
// one as soon as a pod has ended. It stores no state, so that it could not resume after a
// kill.
func runFloor(b *testing.B, site *rig.Site, p parameters) measurement {
	b.Helper()
	execution, owner := plan(b, site)
	execution.Nodes = execution.Nodes[:p.nodes]
	free := freedSlots(b, site, p)
	var creating sync.WaitGroup
	for i := range execution.Nodes {
		if i >= p.pool {
			<-free
		}
		creating.Go(func() { createJob(b, site, execution, i, owner) })
	}
	creating.Wait()
	waitEnded(site, p)
	var m measurement
	site.Audit.Read(func(s *audit.State) { m = measure(s, s.JobsCreated, p.pool) })
	return m
}

func createJob(b *testing.B, site *rig.Site, plan execution.Plan, index int, owner jobspec.Owner) {
	job, err := jobspec.Render(plan, index, jobspec.Options{Controller: rig.Name, Namespace: site.Namespace, Owner: owner})
	if err != nil {
		b.Error(err)
		return
	}
	if _, err := site.Client.BatchV1().Jobs(site.Namespace).Create(b.Context(), job, metav1.CreateOptions{}); err != nil {
		b.Error(err)
	}
}

// freedSlots sends one value for each pod that ends.
func freedSlots(b *testing.B, site *rig.Site, p parameters) <-chan struct{} {
	b.Helper()
	free := make(chan struct{}, p.nodes)
	ended := map[types.UID]bool{} // only the informer's goroutine uses it
	pods := informers.NewSharedInformerFactoryWithOptions(site.Client, 0, informers.WithNamespace(site.Namespace)).Core().V1().Pods().Informer()
	_, err := pods.AddEventHandler(cache.ResourceEventHandlerFuncs{UpdateFunc: func(_, object any) {
		if pod, ok := object.(*corev1.Pod); ok && audit.Ended(pod) && !ended[pod.UID] {
			ended[pod.UID] = true
			free <- struct{}{}
		}
	}})
	if err != nil {
		b.Fatal(err)
	}
	go pods.RunWithContext(b.Context())
	if !cache.WaitForCacheSync(b.Context().Done(), pods.HasSynced) {
		b.Fatal("the pods are not watched")
	}
	return free
}
