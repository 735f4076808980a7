package clienttest

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
)

func watches() []Case {
	return []Case{
		{"a watch shows what has changed since a list", in(watchFromList)},
		{"a watch shows what has changed since the version of an object", in(watchFromObject)},
	}
}

func watchFromList(c cluster) {
	c.create("watched-0")
	list, err := c.executions().List(c.t.Context(), metav1.ListOptions{LabelSelector: "case=watched-0"})
	c.must(err)
	if len(list.Items) != 1 || list.Items[0].Name != "watched-0" {
		c.t.Errorf("got %+v, want the only one", list.Items)
	}
	w, err := c.executions().Watch(c.t.Context(), metav1.ListOptions{ResourceVersion: list.ResourceVersion})
	c.must(err)
	defer w.Stop()
	e := c.create("watched-1")
	_, err = c.updateStatus(e, open)
	c.must(err)
	c.must(c.executions().Delete(c.t.Context(), e.Name, metav1.DeleteOptions{}))
	c.wantEvent(w, watch.Added, "watched-1", "")
	c.wantEvent(w, watch.Modified, "watched-1", v1alpha1.Open)
	c.wantEvent(w, watch.Deleted, "watched-1", v1alpha1.Open)
}

func watchFromObject(c cluster) {
	n, err := c.Resources.NodeCronJobs(c.Namespace).Create(c.t.Context(), newNodeCronJob("between"), metav1.CreateOptions{})
	c.must(err)
	if n.ResourceVersion == "" {
		c.t.Error("no version")
	}
	first := c.create("again-1")
	c.create("again-2")
	w, err := c.executions().Watch(c.t.Context(), metav1.ListOptions{ResourceVersion: first.ResourceVersion})
	c.must(err)
	defer w.Stop()
	c.wantEvent(w, watch.Added, "again-2", "")
	_, err = c.updateStatus(first, open)
	c.must(err)
	c.wantEvent(w, watch.Modified, "again-1", v1alpha1.Open)
}

// wantEvent waits for the next event.
func (c cluster) wantEvent(w watch.Interface, kind watch.EventType, name string, phase v1alpha1.ExecutionPhase) {
	c.t.Helper()
	late := time.NewTimer(time.Minute)
	defer late.Stop()
	select {
	case event := <-w.ResultChan():
		e, ok := event.Object.(*v1alpha1.Execution)
		if !ok || event.Type != kind || e.Name != name || e.Status.Phase != phase {
			c.t.Fatalf("got %s of %+v, want %s of %s", event.Type, event.Object, kind, name)
		}
	case <-late.C:
		c.t.Fatalf("no event, want %s of %s", kind, name)
	}
}
