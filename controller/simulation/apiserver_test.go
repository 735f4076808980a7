package simulation

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/batch-job-controller/batch-job-controller/controller/api/client/fake"
)

// object is an object that the API server stores. A stored object is never changed: a
// write replaces it.
type object interface {
	metav1.Object
	runtime.Object
}

// kind names a table.
type kind string

const (
	configMaps   kind = "configmaps"
	events       kind = "events"
	executions   kind = "executions"
	jobs         kind = "jobs"
	leases       kind = "leases"
	nodeCronJobs kind = "nodecronjobs"
	nodes        kind = "nodes"
	pods         kind = "pods"
	secrets      kind = "secrets"
	services     kind = "services"
)

// apiServer is the storage of the API server. The caller of its methods holds the world's
// lock.
type apiServer struct {
	version int
	uids    int
	tables  map[kind]*table
}

// table has the objects of a kind, and all their changes.
type table struct {
	kind     kind
	objects  map[string]object
	history  []change
	watchers map[*watcher]bool
}

type change struct {
	version int
	at      time.Time
	event   watch.EventType
	object  object
}

func newAPIServer() *apiServer {
	s := &apiServer{tables: map[kind]*table{}}
	for _, k := range []kind{configMaps, events, executions, jobs, leases, nodeCronJobs, nodes, pods, secrets, services} {
		s.tables[k] = &table{kind: k, objects: map[string]object{}, watchers: map[*watcher]bool{}}
	}
	return s
}

func resource(k kind) schema.GroupResource { return schema.GroupResource{Resource: string(k)} }

// get returns the object with the name, or nil.
func (s *apiServer) get(k kind, name string) object {
	return s.tables[k].objects[name]
}

func (s *apiServer) read(k kind, name string) (object, error) {
	stored := s.get(k, name)
	if stored == nil {
		return nil, apierrors.NewNotFound(resource(k), name)
	}
	return stored, nil
}

func (s *apiServer) create(k kind, o object) error {
	if o.GetName() == "" && o.GetGenerateName() != "" {
		o.SetName(fmt.Sprintf("%s%05d", o.GetGenerateName(), s.uids))
	}
	if err := fake.PrepareCreate(o); err != nil {
		return err
	}
	if s.get(k, o.GetName()) != nil {
		return apierrors.NewAlreadyExists(resource(k), o.GetName())
	}
	s.uids++
	o.SetUID(types.UID(fmt.Sprintf("uid-%d", s.uids)))
	o.SetCreationTimestamp(metav1.NewTime(time.Now().Truncate(time.Second)))
	s.put(k, watch.Added, o)
	return nil
}

// update replaces an object, unless the new one has another version or UID.
func (s *apiServer) update(k kind, o object) error {
	return s.replace(k, o, fake.PrepareUpdate)
}

// updateStatus replaces the status of a custom resource in the same way.
func (s *apiServer) updateStatus(k kind, o object) error {
	return s.replace(k, o, fake.PrepareUpdateStatus)
}

func (s *apiServer) replace(k kind, o object, prepare func(now, stored runtime.Object) error) error {
	stored, err := s.read(k, o.GetName())
	if err != nil {
		return err
	}
	if v := o.GetResourceVersion(); v != "" && v != stored.GetResourceVersion() {
		return apierrors.NewConflict(resource(k), o.GetName(), fmt.Errorf("the object is of version %s", stored.GetResourceVersion()))
	}
	if u := o.GetUID(); u != "" && u != stored.GetUID() {
		return apierrors.NewConflict(resource(k), o.GetName(), fmt.Errorf("the object has UID %s", stored.GetUID()))
	}
	if err := prepare(o, stored); err != nil {
		return err
	}
	o.SetCreationTimestamp(stored.GetCreationTimestamp())
	if !fake.Unchanged(o, stored) {
		s.put(k, watch.Modified, o)
	}
	return nil
}

func (s *apiServer) remove(k kind, name string) {
	stored := s.get(k, name)
	if stored == nil {
		return
	}
	deleted := stored.DeepCopyObject().(object)
	s.put(k, watch.Deleted, deleted)
}

func (s *apiServer) put(k kind, event watch.EventType, o object) {
	t := s.tables[k]
	s.version++
	o.SetResourceVersion(strconv.Itoa(s.version))
	if event == watch.Deleted {
		delete(t.objects, o.GetName())
	} else {
		t.objects[o.GetName()] = o
	}
	t.history = append(t.history, change{version: s.version, at: time.Now(), event: event, object: o})
	for w := range t.watchers {
		w.wake()
	}
}

// list returns the objects as they were at a version, ordered by name.
// selection is which objects a request selects, by their labels and their name.
type selection struct {
	labels labels.Selector
	fields fields.Selector
}

func newSelection(o metav1.ListOptions) (selection, error) {
	byLabel, errLabels := labels.Parse(o.LabelSelector)
	byField, errFields := fields.ParseSelector(o.FieldSelector)
	return selection{byLabel, byField}, errors.Join(errLabels, errFields)
}

func (s selection) matches(o object) bool {
	return s.labels.Matches(labels.Set(o.GetLabels())) && s.fields.Matches(fields.Set{metav1.ObjectNameField: o.GetName()})
}

func (t *table) list(version int, selected selection) []object {
	var found []object
	for _, o := range t.at(version) {
		if selected.matches(o) {
			found = append(found, o)
		}
	}
	return found
}

func (t *table) at(version int) []object {
	state := t.objects
	if n := len(t.history); n > 0 && t.history[n-1].version > version {
		state = map[string]object{}
		for _, c := range t.history {
			if c.version > version {
				break
			}
			if c.event == watch.Deleted {
				delete(state, c.object.GetName())
			} else {
				state[c.object.GetName()] = c.object
			}
		}
	}
	all := make([]object, 0, len(state))
	for _, name := range slices.Sorted(maps.Keys(state)) {
		all = append(all, state[name])
	}
	return all
}

// versionAt returns the newest version at a time.
func (t *table) versionAt(at time.Time) int {
	version := 0
	for _, c := range t.history {
		if c.at.After(at) {
			break
		}
		version = c.version
	}
	return version
}
