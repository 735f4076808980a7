package simulation

import (
	"context"
	"encoding/json"
	"strconv"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	batchv1client "k8s.io/client-go/kubernetes/typed/batch/v1"
	coordinationv1client "k8s.io/client-go/kubernetes/typed/coordination/v1"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	eventsv1client "k8s.io/client-go/kubernetes/typed/events/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
)

// client has the requests that are the same for all kinds.
type client[P object] struct {
	*view
	kind kind
}

func (c client[P]) Get(ctx context.Context, name string, _ metav1.GetOptions) (P, error) {
	var got P
	err := c.do(ctx, request{verb: "get", kind: c.kind, name: name}, func() error {
		current, err := c.world.api.read(c.kind, name)
		if err == nil {
			got = current.DeepCopyObject().(P)
		}
		return err
	})
	return answer(&got, err)
}

func (c client[P]) Create(ctx context.Context, o P, _ metav1.CreateOptions) (P, error) {
	sent := o.DeepCopyObject().(P)
	var got P
	err := c.do(ctx, request{verb: "create", kind: c.kind, name: o.GetName(), write: true}, func() error {
		stored := sent.DeepCopyObject().(P)
		stored.SetNamespace(namespace) // that of the path: the controller creates nothing else
		if err := c.world.create(c.kind, stored); err != nil {
			return err
		}
		if n, ok := any(stored).(*v1alpha1.NodeCronJob); ok && n.Name == name {
			c.world.hasMirrored()
		}
		got = stored.DeepCopyObject().(P)
		return nil
	})
	return answer(&got, err)
}

func (c client[P]) Update(ctx context.Context, o P, _ metav1.UpdateOptions) (P, error) {
	sent := o.DeepCopyObject().(P)
	maxPods := c.process.decidesBy()
	var got P
	err := c.do(ctx, request{verb: "update", kind: c.kind, name: o.GetName(), write: true}, func() error {
		stored, before := sent.DeepCopyObject().(P), c.world.api.get(c.kind, o.GetName())
		if err := c.world.update(c.kind, stored); err != nil {
			return err
		}
		if state, ok := any(stored).(*corev1.ConfigMap); ok && state.Name == stateName {
			c.world.oracle.stateWritten(before.(*corev1.ConfigMap), state, maxPods)
		}
		if e, ok := any(stored).(*v1alpha1.Execution); ok {
			c.world.oracle.specWritten(before.(*v1alpha1.Execution), e)
		}
		got = stored.DeepCopyObject().(P)
		return nil
	})
	return answer(&got, err)
}

// UpdateStatus is for the custom resources: the status of others is not stored apart.
func (c client[P]) UpdateStatus(ctx context.Context, o P, _ metav1.UpdateOptions) (P, error) {
	sent := o.DeepCopyObject().(P)
	var got P
	err := c.do(ctx, request{verb: "update", kind: c.kind, name: o.GetName(), status: true, write: true}, func() error {
		stored := sent.DeepCopyObject().(P)
		if err := c.world.updateStatus(c.kind, stored); err != nil {
			return err
		}
		got = stored.DeepCopyObject().(P)
		return nil
	})
	return answer(&got, err)
}

// answer returns the response of a request. With an error it does not read got: the request
// may still be carried out, and write to it.
func answer[P any](got *P, err error) (P, error) {
	var nothing P
	if err != nil {
		return nothing, err
	}
	return *got, nil
}

// stopPatch is the only patch of a Job.
type stopPatch struct {
	Metadata struct {
		UID         types.UID         `json:"uid"`
		Annotations map[string]string `json:"annotations"`
	} `json:"metadata"`
	Spec struct {
		ActiveDeadlineSeconds *int64 `json:"activeDeadlineSeconds"`
	} `json:"spec"`
}

func (c client[P]) Patch(ctx context.Context, name string, _ types.PatchType, data []byte, _ metav1.PatchOptions, _ ...string) (P, error) {
	var got P
	err := c.do(ctx, request{verb: "patch", kind: c.kind, name: name, write: true}, func() error {
		current, err := c.world.api.read(c.kind, name)
		if err != nil {
			return err
		}
		patched := current.DeepCopyObject().(P)
		got = patched
		job, ok := any(patched).(*batchv1.Job)
		switch {
		case c.kind == events:
			return nil // its count
		case !ok:
			return apierrors.NewBadRequest("the simulation has no patch of " + string(c.kind))
		}
		var patch stopPatch
		if err := json.Unmarshal(data, &patch); err != nil {
			return apierrors.NewBadRequest(err.Error())
		}
		if patch.Metadata.UID != job.UID {
			return apierrors.NewConflict(resource(c.kind), name, errReset)
		}
		for k, v := range patch.Metadata.Annotations {
			job.Annotations[k] = v
		}
		job.Spec.ActiveDeadlineSeconds = patch.Spec.ActiveDeadlineSeconds
		return c.world.update(c.kind, job)
	})
	return answer(&got, err)
}

// Watch watches from a version.
func (c client[P]) Watch(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
	return c.watch(ctx, c.kind, o)
}

// list returns the current objects or, if the request permits it, earlier ones.
func (c client[P]) list(ctx context.Context, o metav1.ListOptions) (found []P, version string, err error) {
	selected, err := newSelection(o)
	if err != nil {
		return nil, "", err
	}
	err = c.do(ctx, request{verb: "list", kind: c.kind}, func() error {
		w, t := c.world, c.world.api.tables[c.kind]
		if c.kind == pods {
			c.process.looked[selected.labels.String()] = time.Now()
		}
		at := w.api.version
		if o.ResourceVersion != "" {
			least, err := strconv.Atoi(o.ResourceVersion)
			if err != nil {
				return apierrors.NewBadRequest(err.Error())
			}
			l := roll(w.seed, t.versionAt(time.Now()), "stale", c.process.name, string(c.kind))
			if w.stormy() && l.chance(w.scenario.stale) {
				at = max(least, t.versionAt(time.Now().Add(-l.next().between(time.Second, 40*time.Second))))
			}
		}
		found = found[:0]
		for _, o := range t.list(at, selected) {
			found = append(found, o.DeepCopyObject().(P))
		}
		version = strconv.Itoa(at)
		return nil
	})
	return found, version, err
}

func meta(version string) metav1.ListMeta { return metav1.ListMeta{ResourceVersion: version} }

func values[T any](pointers []*T) []T {
	all := make([]T, 0, len(pointers))
	for _, p := range pointers {
		all = append(all, *p)
	}
	return all
}

// The unused methods are embedded one level deeper than the used ones, so that Go prefers
// the used ones.
type (
	unusedConfigMaps struct {
		corev1client.ConfigMapInterface
	}
	unusedNodes    struct{ corev1client.NodeInterface }
	unusedPods     struct{ corev1client.PodInterface }
	unusedEvents   struct{ eventsv1client.EventInterface }
	unusedSecrets  struct{ corev1client.SecretInterface }
	unusedServices struct{ corev1client.ServiceInterface }
	unusedJobs     struct{ batchv1client.JobInterface }
	unusedLeases   struct {
		coordinationv1client.LeaseInterface
	}

	configMapClient struct {
		client[*corev1.ConfigMap]
		unusedConfigMaps
	}
	nodeClient struct {
		client[*corev1.Node]
		unusedNodes
	}
	podClient struct {
		client[*corev1.Pod]
		unusedPods
	}
	eventClient struct {
		client[*eventsv1.Event]
		unusedEvents
	}
	secretClient struct {
		client[*corev1.Secret]
		unusedSecrets
	}
	serviceClient struct {
		client[*corev1.Service]
		unusedServices
	}
	jobClient struct {
		client[*batchv1.Job]
		unusedJobs
	}
	leaseClient struct {
		client[*coordinationv1.Lease]
		unusedLeases
	}
)

func (c configMapClient) List(ctx context.Context, o metav1.ListOptions) (*corev1.ConfigMapList, error) {
	found, version, err := c.list(ctx, o)
	if err != nil {
		return nil, err
	}
	return &corev1.ConfigMapList{ListMeta: meta(version), Items: values(found)}, nil
}

func (c secretClient) List(ctx context.Context, o metav1.ListOptions) (*corev1.SecretList, error) {
	found, version, err := c.list(ctx, o)
	if err != nil {
		return nil, err
	}
	return &corev1.SecretList{ListMeta: meta(version), Items: values(found)}, nil
}

func (c nodeClient) List(ctx context.Context, o metav1.ListOptions) (*corev1.NodeList, error) {
	found, version, err := c.list(ctx, o)
	if err != nil {
		return nil, err
	}
	return &corev1.NodeList{ListMeta: meta(version), Items: values(found)}, nil
}

func (c podClient) List(ctx context.Context, o metav1.ListOptions) (*corev1.PodList, error) {
	found, version, err := c.list(ctx, o)
	if err != nil {
		return nil, err
	}
	return &corev1.PodList{ListMeta: meta(version), Items: values(found)}, nil
}

func (c jobClient) List(ctx context.Context, o metav1.ListOptions) (*batchv1.JobList, error) {
	found, version, err := c.list(ctx, o)
	if err != nil {
		return nil, err
	}
	return &batchv1.JobList{ListMeta: meta(version), Items: values(found)}, nil
}

type coreClient struct {
	corev1client.CoreV1Interface
	view *view
}

func (v *view) CoreV1() corev1client.CoreV1Interface { return coreClient{view: v} }

func (c coreClient) ConfigMaps(string) corev1client.ConfigMapInterface {
	return configMapClient{client: client[*corev1.ConfigMap]{c.view, configMaps}}
}

func (c coreClient) Nodes() corev1client.NodeInterface {
	return nodeClient{client: client[*corev1.Node]{c.view, nodes}}
}

func (c coreClient) Pods(string) corev1client.PodInterface {
	return podClient{client: client[*corev1.Pod]{c.view, pods}}
}

func (c coreClient) Secrets(string) corev1client.SecretInterface {
	return secretClient{client: client[*corev1.Secret]{c.view, secrets}}
}

func (c coreClient) Services(string) corev1client.ServiceInterface {
	return serviceClient{client: client[*corev1.Service]{c.view, services}}
}

type eventsClient struct {
	eventsv1client.EventsV1Interface
	view *view
}

func (v *view) EventsV1() eventsv1client.EventsV1Interface { return eventsClient{view: v} }

func (c eventsClient) Events(string) eventsv1client.EventInterface {
	return eventClient{client: client[*eventsv1.Event]{c.view, events}}
}

type batchClient struct {
	batchv1client.BatchV1Interface
	view *view
}

func (v *view) BatchV1() batchv1client.BatchV1Interface { return batchClient{view: v} }

func (c batchClient) Jobs(string) batchv1client.JobInterface {
	return jobClient{client: client[*batchv1.Job]{c.view, jobs}}
}

type coordinationClient struct {
	coordinationv1client.CoordinationV1Interface
	view *view
}

func (v *view) CoordinationV1() coordinationv1client.CoordinationV1Interface {
	return coordinationClient{view: v}
}

func (c coordinationClient) Leases(string) coordinationv1client.LeaseInterface {
	return leaseClient{client: client[*coordinationv1.Lease]{c.view, leases}}
}
