package fake

import (
	"fmt"
	"sync/atomic"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/gentype"
	clienttesting "k8s.io/client-go/testing"

	"github.com/batch-job-controller/batch-job-controller/controller/api/client"
	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
)

// Client is a client.Interface that stores objects in memory. Its Fake takes reactions and
// records actions.
type Client struct {
	*clienttesting.Fake
	tracker   clienttesting.ObjectTracker
	generated atomic.Int64 // names
}

// New returns a client with some objects.
func New(objects ...runtime.Object) (*Client, error) {
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		return nil, fmt.Errorf("add %s to a scheme: %w", v1alpha1.GroupVersion(), err)
	}
	decoder := serializer.NewCodecFactory(scheme).UniversalDecoder()
	c := &Client{
		Fake:    &clienttesting.Fake{},
		tracker: &tracker{ObjectTracker: clienttesting.NewObjectTracker(scheme, decoder), scheme: scheme, versions: map[schema.GroupVersionResource]int64{}},
	}
	for _, object := range objects {
		if err := c.tracker.Add(object); err != nil {
			return nil, fmt.Errorf("add object: %w", err)
		}
	}
	c.AddReactor("create", "*", c.create)
	c.AddReactor("update", "*", c.update)
	c.AddReactor("patch", "*", c.patch)
	c.AddReactor("delete", "*", c.delete)
	c.AddReactor("delete-collection", "*", c.deleteCollection)
	c.AddReactor("*", "*", clienttesting.ObjectReaction(c.tracker))
	c.AddWatchReactor("*", func(action clienttesting.Action) (bool, watch.Interface, error) {
		var options metav1.ListOptions
		if watching, ok := action.(clienttesting.WatchActionImpl); ok {
			options = watching.ListOptions
		}
		w, err := c.tracker.Watch(action.GetResource(), action.GetNamespace(), options)
		return true, w, err
	})
	return c, nil
}

// Tracker returns the storage, for a test that adds objects as they are, or watches.
func (c *Client) Tracker() clienttesting.ObjectTracker { return c.tracker }

// IsWatchListSemanticsUnSupported tells client-go's reflectors to list and then watch.
func (*Client) IsWatchListSemanticsUnSupported() bool { return true }

// NodeCronJobs implements client.Interface.
func (c *Client) NodeCronJobs(namespace string) client.NodeCronJobInterface {
	version := v1alpha1.GroupVersion()
	return gentype.NewFakeClientWithList(c.Fake, namespace,
		version.WithResource(v1alpha1.NodeCronJobResource), version.WithKind(v1alpha1.NodeCronJobKind),
		func() *v1alpha1.NodeCronJob { return &v1alpha1.NodeCronJob{} },
		func() *v1alpha1.NodeCronJobList { return &v1alpha1.NodeCronJobList{} },
		func(to, from *v1alpha1.NodeCronJobList) { to.ListMeta = from.ListMeta },
		func(list *v1alpha1.NodeCronJobList) []*v1alpha1.NodeCronJob {
			return gentype.ToPointerSlice(list.Items)
		},
		func(list *v1alpha1.NodeCronJobList, items []*v1alpha1.NodeCronJob) {
			list.Items = gentype.FromPointerSlice(items)
		})
}

// Executions implements client.Interface.
func (c *Client) Executions(namespace string) client.ExecutionInterface {
	version := v1alpha1.GroupVersion()
	return gentype.NewFakeClientWithList(c.Fake, namespace,
		version.WithResource(v1alpha1.ExecutionResource), version.WithKind(v1alpha1.ExecutionKind),
		func() *v1alpha1.Execution { return &v1alpha1.Execution{} },
		func() *v1alpha1.ExecutionList { return &v1alpha1.ExecutionList{} },
		func(to, from *v1alpha1.ExecutionList) { to.ListMeta = from.ListMeta },
		func(list *v1alpha1.ExecutionList) []*v1alpha1.Execution { return gentype.ToPointerSlice(list.Items) },
		func(list *v1alpha1.ExecutionList, items []*v1alpha1.Execution) {
			list.Items = gentype.FromPointerSlice(items)
		})
}
