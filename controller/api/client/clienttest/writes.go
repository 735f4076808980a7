package clienttest

import (
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
)

func writes() []Case {
	return []Case{
		{"a new object has no status, and the first generation", in(creation)},
		{"what is absent has its default", in(defaulting)},
		{"a name is generated", in(generatedName)},
		{"an update of the spec leaves the status alone, and raises the generation", in(specUpdate)},
		{"an update of the status leaves all else alone", in(statusUpdate)},
		{"an update that changes nothing is none", in(noUpdate)},
		{"an update of an older version is a conflict", in(staleUpdate)},
		{"a deletion may name its object", in(deletion)},
		{"a collection is deleted by labels", in(collectionDeletion)},
	}
}

func creation(c cluster) {
	e := newExecution("creation")
	open(e)
	created, err := c.executions().Create(c.t.Context(), e, metav1.CreateOptions{})
	c.must(err)
	if created.Status.Phase != "" || created.Status.Plan != nil || created.Generation != 1 ||
		created.UID == "" || created.ResourceVersion == "" || created.CreationTimestamp.IsZero() {
		c.t.Errorf("got %+v, want it without status, of generation 1", created)
	}
	_, err = c.executions().Create(c.t.Context(), newExecution("creation"), metav1.CreateOptions{})
	c.want("the same name again", err, apierrors.IsAlreadyExists)
	other := c.create("creation-2")
	if other.UID == created.UID {
		c.t.Errorf("two objects have the UID %s", other.UID)
	}
	_, err = c.get("creation-3")
	c.want("an object that was not created", err, apierrors.IsNotFound)
}

func defaulting(c cluster) {
	e := c.create("defaults", func(e *v1alpha1.Execution) {
		e.Spec.Nodes = &v1alpha1.ExecutionNodes{FromExecution: &v1alpha1.FromExecution{Name: "earlier"}}
	})
	if got := len(e.Spec.Nodes.FromExecution.States); e.Spec.Trigger != v1alpha1.ManualTrigger || got != 4 {
		c.t.Errorf("got trigger %q and %d states, want Manual, and the four that need attention", e.Spec.Trigger, got)
	}
	n, err := c.Resources.NodeCronJobs(c.Namespace).Create(c.t.Context(), newNodeCronJob("defaults"), metav1.CreateOptions{})
	c.must(err)
	if n.Spec.PodPoolSize != 10 || n.Spec.ConcurrencyPolicy != v1alpha1.ForbidConcurrent || n.Spec.Callback.Limits.FilesPerTask != 64 {
		c.t.Errorf("got %+v, want the defaults", n.Spec)
	}
}

func newNodeCronJob(name string) *v1alpha1.NodeCronJob {
	return &v1alpha1.NodeCronJob{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: v1alpha1.NodeCronJobSpec{
			CronExpression: "42 3 * * *", Metrics: v1alpha1.Metrics{Prefix: "check"}, PodTemplate: "kind: Pod",
		},
	}
}

func generatedName(c cluster) {
	generate := func(e *v1alpha1.Execution) { e.Name, e.GenerateName = "", "generated-" }
	a, b := c.create("generated", generate), c.create("generated", generate)
	if a.Name == b.Name || !strings.HasPrefix(a.Name, "generated-") || len(a.Name) != len("generated-")+5 {
		c.t.Errorf("got the names %s and %s", a.Name, b.Name)
	}
}

func specUpdate(c cluster) {
	e := c.create("spec")
	opened, err := c.updateStatus(e, open)
	c.must(err)
	paused, err := c.update(opened, func(e *v1alpha1.Execution) {
		e.Spec.Paused, e.Status.Phase, e.Labels["a"] = true, v1alpha1.Closed, "b"
		e.CreationTimestamp = metav1.Time{}
	})
	c.must(err)
	if !paused.Spec.Paused || paused.Status.Phase != v1alpha1.Open || paused.Generation != 2 || paused.Labels["a"] != "b" {
		c.t.Errorf("got %+v, want it paused and open, of generation 2, with the label", paused)
	}
	if !paused.CreationTimestamp.Equal(&e.CreationTimestamp) || paused.ResourceVersion == opened.ResourceVersion {
		c.t.Errorf("got %+v, want another version of the same object", paused.ObjectMeta)
	}
	labeled, err := c.update(paused, func(e *v1alpha1.Execution) { e.Labels["a"] = "c" })
	c.must(err)
	if labeled.Generation != 2 || labeled.Labels["a"] != "c" || labeled.ResourceVersion == paused.ResourceVersion {
		c.t.Errorf("got %+v, want another version with the label, of the same generation", labeled.ObjectMeta)
	}
}

func statusUpdate(c cluster) {
	e := c.create("status")
	opened, err := c.updateStatus(e, func(e *v1alpha1.Execution) {
		open(e)
		e.Spec.Paused, e.Labels["a"] = true, "b"
	})
	c.must(err)
	if opened.Spec.Paused || opened.Labels["a"] != "" || opened.Generation != 1 || opened.ResourceVersion == e.ResourceVersion {
		c.t.Errorf("got %+v, want only the status changed", opened)
	}
	if opened.Status.Phase != v1alpha1.Open || opened.Status.Account.Admitted != "0-2" {
		c.t.Errorf("got %+v, want the status", opened.Status)
	}
	read, err := c.get("status")
	c.must(err)
	if read.ResourceVersion != opened.ResourceVersion || read.Status.Phase != v1alpha1.Open {
		c.t.Errorf("read %+v, want what was written", read)
	}
}

func noUpdate(c cluster) {
	e := c.create("unchanged")
	same, err := c.update(e, func(*v1alpha1.Execution) {})
	c.must(err)
	if same.ResourceVersion != e.ResourceVersion {
		c.t.Errorf("an update that changes nothing made version %s of %s", same.ResourceVersion, e.ResourceVersion)
	}
	opened, err := c.updateStatus(e, open)
	c.must(err)
	same, err = c.updateStatus(opened, func(*v1alpha1.Execution) {})
	c.must(err)
	if same.ResourceVersion != opened.ResourceVersion {
		c.t.Errorf("an update of the status that changes nothing made version %s of %s", same.ResourceVersion, opened.ResourceVersion)
	}
}

func staleUpdate(c cluster) {
	e := c.create("stale")
	pause := func(e *v1alpha1.Execution) { e.Spec.Paused = true }
	_, err := c.update(e, pause)
	c.must(err)
	_, err = c.updateStatus(e, open)
	c.want("the status of an older version", err, apierrors.IsConflict)
	_, err = c.update(e, pause)
	c.want("the spec of an older version", err, apierrors.IsConflict)
	_, err = c.update(e, func(e *v1alpha1.Execution) { e.ResourceVersion = "" })
	c.want("the spec of no version", err, apierrors.IsInvalid)
	_, err = c.updateStatus(e, func(e *v1alpha1.Execution) { e.ResourceVersion = "" })
	c.want("the status of no version", err, apierrors.IsInvalid)
	_, err = c.update(e, func(e *v1alpha1.Execution) { e.UID, e.ResourceVersion = "another", "" })
	c.want("the spec of another object of the name", err, apierrors.IsConflict)
	c.must(c.executions().Delete(c.t.Context(), e.Name, metav1.DeleteOptions{}))
	_, err = c.updateStatus(e, open)
	c.want("the status of an object that is gone", err, apierrors.IsNotFound)
	again := c.create("stale")
	_, err = c.updateStatus(e, open)
	c.want("the status of an object whose name another has", err, apierrors.IsConflict)
	if again.UID == e.UID || again.Generation != 1 {
		c.t.Errorf("got %+v, want another object", again.ObjectMeta)
	}
}

func deletion(c cluster) {
	e := c.create("deletion")
	other, uid := e.UID+"0", e.UID
	err := c.executions().Delete(c.t.Context(), e.Name, metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &other}})
	c.want("another UID", err, apierrors.IsConflict)
	paused, err := c.update(e, func(e *v1alpha1.Execution) { e.Spec.Paused = true })
	c.must(err)
	err = c.executions().Delete(c.t.Context(), e.Name, metav1.DeleteOptions{Preconditions: &metav1.Preconditions{ResourceVersion: &e.ResourceVersion}})
	c.want("an older version", err, apierrors.IsConflict)
	err = c.executions().Delete(c.t.Context(), e.Name, metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &uid, ResourceVersion: &paused.ResourceVersion}})
	c.want("this object", err, isNil)
	_, err = c.get(e.Name)
	c.want("the object", err, isGone)
	c.want("again", c.executions().Delete(c.t.Context(), e.Name, metav1.DeleteOptions{}), apierrors.IsNotFound)
}

func collectionDeletion(c cluster) {
	c.create("collected-1", func(e *v1alpha1.Execution) { e.Labels["of"] = "a" })
	c.create("collected-2", func(e *v1alpha1.Execution) { e.Labels["of"] = "b" })
	c.create("collected-3", func(e *v1alpha1.Execution) { e.Labels["of"] = "a" })
	c.must(c.executions().DeleteCollection(c.t.Context(), metav1.DeleteOptions{}, metav1.ListOptions{LabelSelector: "of=a"}))
	for name, is := range map[string]func(error) bool{"collected-1": isGone, "collected-2": isNil, "collected-3": isGone} {
		_, err := c.get(name)
		c.want(name, err, is)
	}
}
