package mirror

import (
	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
)

// Wanted is the definition of a ConfigMap, or that it has none.
type Wanted struct {
	Name      string // of the NodeCronJob: the controller's
	ConfigMap string
	Hash      string                    // of the ConfigMap
	Spec      *v1alpha1.NodeCronJobSpec // nil: the ConfigMap has no definition
}

// WantedOf returns the definition of a configuration that was read from a ConfigMap.
func WantedOf(cfg config.Config, configMap string) Wanted {
	w := Wanted{Name: cfg.Name, ConfigMap: configMap, Hash: cfg.Hash}
	if cfg.HasDefinition {
		spec := config.ToResource(cfg.Definition)
		w.Spec = &spec
	}
	return w
}

// Action is what to do about a NodeCronJob.
type Action string

// The actions.
const (
	Nothing Action = "nothing"
	Create  Action = "create"
	Update  Action = "update"  // the ConfigMap has changed
	Restore Action = "restore" // another client has changed it
	// Suspend is for a definition that has left the ConfigMap while its execution is open:
	// no tick starts another one.
	Suspend   Action = "suspend"
	Delete    Action = "delete"
	NameTaken Action = "name taken" // it is a person's
)

// Decision is an action, with what it needs.
type Decision struct {
	Do     Action
	Object *v1alpha1.NodeCronJob // to write, or to delete
	Paths  []string              // what differs from what is wanted, for Update and Restore
}

// Decide returns what to do about the NodeCronJob that was found, nil if there is none. open
// says whether an execution of it is open.
func Decide(w Wanted, found *v1alpha1.NodeCronJob, open bool) Decision {
	switch {
	case found == nil && w.Spec == nil:
		return Decision{Do: Nothing}
	case found == nil:
		return Decision{Do: Create, Object: w.created()}
	case found.DeletionTimestamp != nil:
		return Decision{Do: Nothing} // the cache will show that it is gone
	case w.Spec == nil:
		return w.withdraw(found, open)
	case !w.isOwn(found):
		return Decision{Do: NameTaken, Object: found}
	default:
		return w.follow(found)
	}
}

// isOwn reports whether a NodeCronJob is written from this ConfigMap, or was from another one
// of this controller: its ConfigMap may get another name with each change, as kustomize names
// those that it generates.
func (w Wanted) isOwn(found *v1alpha1.NodeCronJob) bool {
	source, fromConfigMap := configMapOf(found)
	return fromConfigMap && (source == w.ConfigMap || found.Labels[jobspec.OwnerLabel] == w.Name)
}

// withdraw is for a definition that is not in the ConfigMap, or not any longer. Deleting a
// NodeCronJob deletes its executions, so that waits until none is open. One that was written
// from another ConfigMap stays: that this one never had a definition does not say that the
// definition was to go.
func (w Wanted) withdraw(found *v1alpha1.NodeCronJob, open bool) Decision {
	source, fromConfigMap := configMapOf(found)
	switch {
	case !fromConfigMap || source != w.ConfigMap:
		return Decision{Do: Nothing}
	case !open:
		return Decision{Do: Delete, Object: found}
	case found.Spec.Suspend:
		return Decision{Do: Nothing}
	default:
		return Decision{Do: Suspend, Object: withdrawn(found)}
	}
}

// follow is for a NodeCronJob that exists.
func (w Wanted) follow(found *v1alpha1.NodeCronJob) Decision {
	object := w.updated(found)
	paths := differing(found, object)
	source, _ := configMapOf(found)
	switch {
	case len(paths) == 0:
		return Decision{Do: Nothing}
	case isWithdrawn(found), source != w.ConfigMap, found.Annotations[jobspec.ConfigHashAnnotation] != w.Hash:
		return Decision{Do: Update, Object: object, Paths: paths}
	default:
		return Decision{Do: Restore, Object: object, Paths: paths}
	}
}
