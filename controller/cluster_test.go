package controller

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	clienttesting "k8s.io/client-go/testing"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/testkit"
)

const (
	testNamespace = "jobs"
	testName      = "check"
)

// behaviour is how the pod of a node's Job behaves.
type behaviour struct {
	startAfter time.Duration // 0: at once
	runFor     time.Duration
	never      string // the waiting reason of a pod that never starts
	hangs      bool   // runs until its deadline, which only the Job's own ends
	lingers    bool   // hangs, and runs for all of its grace period when it is terminated
	injected   bool   // admission adds a container that never ends
	exitCode   int32
}

// cluster plays the API server, the Job controller and the kubelets, in the time of its
// synctest bubble.
type cluster struct {
	t      *testing.T
	client *testkit.Clientset
	ctx    context.Context

	mu         sync.Mutex
	behaviours map[string]behaviour // by node; the zero behaviour succeeds at once
	creates    map[string]int       // successful creates of a Job, by node
	running    int
	mostPods   int
	version    int
}

func newCluster(t *testing.T, nodes ...string) *cluster {
	t.Helper()
	c := &cluster{
		t:          t,
		client:     testkit.NewClientset(),
		ctx:        t.Context(),
		behaviours: map[string]behaviour{},
		creates:    map[string]int{},
	}
	c.client.PrependReactor("create", "jobs", c.onCreate)
	c.client.PrependReactor("update", "configmaps", c.compareVersions)
	c.client.PrependReactor("create", "configmaps", c.giveVersion)
	c.client.PrependReactor("delete-collection", "secrets", c.deleteSecrets)
	c.client.PrependReactor("delete-collection", "configmaps", c.deleteConfigMaps)
	c.collectGarbage()
	for _, name := range nodes {
		c.addNode(name)
	}
	must(t, c.client.Tracker().Add(&corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: testName, Namespace: testNamespace},
		Spec:       corev1.ServiceSpec{ClusterIP: "10.96.0.7", Ports: []corev1.ServicePort{{Port: 8090}}},
	}))
	return c
}

// react adds a reactor that has the first turn from now on. The fake's own PrependReactor is
// for a client that is not in use yet.
func (c *cluster) react(verb, resource string, reaction clienttesting.ReactionFunc) {
	for _, f := range c.fakes(resource) {
		f.Lock()
		f.PrependReactor(verb, resource, reaction)
		f.Unlock()
	}
}

// fakes returns the fakes that have a resource: the custom resources have one of their own.
func (c *cluster) fakes(resource string) []*clienttesting.Fake {
	switch resource {
	case "*":
		return []*clienttesting.Fake{&c.client.Fake, c.client.Resources.Fake}
	case v1alpha1.ExecutionResource:
		return []*clienttesting.Fake{c.client.Resources.Fake}
	default:
		return []*clienttesting.Fake{&c.client.Fake}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (c *cluster) addNode(name string, mutate ...func(*corev1.Node)) {
	c.t.Helper()
	node := &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: name, UID: types.UID("uid-" + name), Labels: map[string]string{"pool": "a"}},
		Status:     corev1.NodeStatus{Conditions: []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue}}},
	}
	for _, f := range mutate {
		f(node)
	}
	must(c.t, c.client.Tracker().Add(node))
}

func (c *cluster) behave(node string, b behaviour) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.behaviours[node] = b
}

// client-go's fake assigns no UIDs and compares no resource versions: these reactors do.
// They must return at once, because the fake holds a lock that the whole bubble would wait
// for.
func (c *cluster) giveVersion(action clienttesting.Action) (bool, runtimeObject, error) {
	object := action.(clienttesting.CreateAction).GetObject().(*corev1.ConfigMap)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.version++
	object.ResourceVersion = fmt.Sprint(c.version)
	object.UID = types.UID("uid-" + object.Name)
	object.Namespace = action.GetNamespace()
	return false, nil, nil
}

func (c *cluster) compareVersions(action clienttesting.Action) (bool, runtimeObject, error) {
	object := action.(clienttesting.UpdateAction).GetObject().(*corev1.ConfigMap)
	there, err := c.client.Tracker().Get(corev1.SchemeGroupVersion.WithResource("configmaps"), action.GetNamespace(), object.Name)
	if err != nil {
		return false, nil, nil //nolint:nilerr // the tracker answers NotFound itself
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if v := object.ResourceVersion; v != "" && v != there.(*corev1.ConfigMap).ResourceVersion {
		return true, nil, apierrors.NewConflict(corev1.Resource("configmaps"), object.Name, fmt.Errorf("version %s", v))
	}
	c.version++
	object.ResourceVersion = fmt.Sprint(c.version)
	return false, nil, nil
}

// deleteSecrets deletes the selected Secrets, which the fake does not do.
func (c *cluster) deleteSecrets(action clienttesting.Action) (bool, runtimeObject, error) {
	which := action.(clienttesting.DeleteCollectionAction).GetListRestrictions()
	secrets := corev1.SchemeGroupVersion.WithResource("secrets")
	list, err := c.client.Tracker().List(secrets, corev1.SchemeGroupVersion.WithKind("Secret"), action.GetNamespace())
	if err != nil {
		return true, nil, err
	}
	for _, secret := range list.(*corev1.SecretList).Items {
		if which.Labels.Matches(labels.Set(secret.Labels)) && which.Fields.Matches(fields.Set{metav1.ObjectNameField: secret.Name}) {
			c.client.AwaitWatches()
			if err := c.client.Tracker().Delete(secrets, action.GetNamespace(), secret.Name); err != nil {
				return true, nil, err
			}
		}
	}
	return true, nil, nil
}

// deleteConfigMaps deletes the selected ConfigMaps, which the fake does not do.
func (c *cluster) deleteConfigMaps(action clienttesting.Action) (bool, runtimeObject, error) {
	which := action.(clienttesting.DeleteCollectionAction).GetListRestrictions()
	resource := corev1.SchemeGroupVersion.WithResource("configmaps")
	list, err := c.client.Tracker().List(resource, corev1.SchemeGroupVersion.WithKind("ConfigMap"), action.GetNamespace())
	if err != nil {
		return true, nil, err
	}
	for _, object := range list.(*corev1.ConfigMapList).Items {
		if which.Labels.Matches(labels.Set(object.Labels)) {
			if err := c.client.Tracker().Delete(resource, action.GetNamespace(), object.Name); err != nil {
				return true, nil, err
			}
		}
	}
	return true, nil, nil
}

func (c *cluster) onCreate(action clienttesting.Action) (bool, runtimeObject, error) {
	job := action.(clienttesting.CreateAction).GetObject().(*batchv1.Job)
	if _, err := c.client.Tracker().Get(batchv1.SchemeGroupVersion.WithResource("jobs"), job.Namespace, job.Name); err == nil {
		return false, nil, nil // the tracker answers AlreadyExists
	}
	job.UID = types.UID("uid-" + job.Name)
	job.CreationTimestamp = metav1.Now()
	c.mu.Lock()
	c.creates[job.Annotations[jobspec.NodeAnnotation]]++
	c.mu.Unlock()
	go c.runJob(job.DeepCopy())
	return false, nil, nil
}

func (c *cluster) count(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.running += n
	c.mostPods = max(c.mostPods, c.running)
}

// addCondition sets a Job's condition, as conclude does for its last one.
func (c *cluster) addCondition(job string, condition batchv1.JobConditionType, reason string) {
	c.patchStatus(job, map[string]any{"conditions": []batchv1.JobCondition{{
		Type: condition, Status: corev1.ConditionTrue, Reason: reason, LastTransitionTime: metav1.Now(),
	}}})
}

func (c *cluster) conclude(job string, condition batchv1.JobConditionType, reason string) {
	c.patchStatus(job, map[string]any{"completionTime": metav1.Now(), "conditions": []batchv1.JobCondition{{
		Type: condition, Status: corev1.ConditionTrue, Reason: reason, LastTransitionTime: metav1.Now(),
	}}})
}

func (c *cluster) patchStatus(job string, status map[string]any) {
	patch, err := json.Marshal(map[string]any{"status": status})
	if err != nil {
		c.t.Error(err)
		return
	}
	_, err = c.client.BatchV1().Jobs(testNamespace).Patch(c.ctx, job, types.MergePatchType, patch, metav1.PatchOptions{}, "status")
	if err != nil && !apierrors.IsNotFound(err) && c.ctx.Err() == nil {
		c.t.Errorf("conclude %s: %v", job, err)
	}
}

// podsAtOnce returns how many pods ran at once, at most.
func (c *cluster) podsAtOnce() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.mostPods
}

// created returns how often a Job was created for each node.
func (c *cluster) created() map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := make(map[string]int, len(c.creates))
	for node, n := range c.creates {
		all[node] = n
	}
	return all
}
