package jobspec

import (
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

const prefix = "batch-job-controller.io/"

// Labels of Executions, plan parts, token Secrets, Jobs and pods.
const (
	OwnerLabel       = prefix + "owner"       // the controller's name
	NodeCronJobLabel = prefix + "nodecronjob" // the definition's name
	ExecutionLabel   = prefix + "execution"   // the execution ID
	PlanLabel        = prefix + "plan"        // the hash in the names of a plan's parts
	NodeLabel        = prefix + "node"        // the node's name, shortened where a label cannot hold it
	// KeyLabel is the ID of the key from which the tokens of a Secret are derived. It
	// reveals nothing about the key.
	KeyLabel = prefix + "callback-key-id"
)

// TouchAnnotation is an annotation of Executions, whose value means nothing: a write that
// changes only this makes each other client that has read the Execution read it again.
const TouchAnnotation = prefix + "touched"

// Annotations of Jobs and pods.
const (
	NodeAnnotation      = prefix + "node-name" // the node's whole name
	NodeUIDAnnotation   = prefix + "node-uid"
	ScheduledAnnotation = prefix + "scheduled-time"
	// AuthAnnotation is how the pods of a Job authenticate. Without it they need not.
	AuthAnnotation = prefix + "callback-auth"
	// ContainersAnnotation lists the containers of a Job's template as the controller
	// wrote it, without injected containers.
	ContainersAnnotation = prefix + "containers"
	// StopAnnotation is why the controller stopped a Job. Its pod will be deleted, and
	// with it the pod's own reason.
	StopAnnotation        = prefix + "stop-reason"
	StopMessageAnnotation = prefix + "stop-message"
	StopRanAnnotation     = prefix + "stop-ran" // when the pod's work started and ended, if it has ended
)

// Annotations of a NodeCronJob that the controller writes from its ConfigMap.
const (
	SourceAnnotation     = prefix + "source"      // SourceConfigMap and the ConfigMap's name
	ConfigHashAnnotation = prefix + "config-hash" // of the ConfigMap that it was written from
	// WithdrawnAnnotation says that the ConfigMap no longer has the definition, and that
	// the controller has suspended it for that.
	WithdrawnAnnotation = prefix + "withdrawn"
	// SourceConfigMap begins the value of SourceAnnotation.
	SourceConfigMap = "ConfigMap/"
)

// Standard labels, with which other tools group and find the objects.
const (
	nameLabel      = "app.kubernetes.io/name"
	componentLabel = "app.kubernetes.io/component"
	managedByLabel = "app.kubernetes.io/managed-by"
	applicationID  = "batch-job-controller"
)

// Components: the values of the label app.kubernetes.io/component.
const (
	JobComponent       = "job"
	MirrorComponent    = "nodecronjob" // written from the ConfigMap
	ExecutionComponent = "execution"
	PlanPartComponent  = "plan-part"
	TokenComponent     = "callback-tokens"
	KeyComponent       = "callback-key"
)

// CommonLabels returns the labels that every object of a controller has. The label
// app.kubernetes.io/instance is not among them: Argo CD, which has it for its own, would
// prune what no repository has.
func CommonLabels(controller, component string) map[string]string {
	return map[string]string{
		nameLabel:      applicationID,
		componentLabel: component,
		managedByLabel: applicationID,
		OwnerLabel:     controller,
	}
}

// CommonAnnotations returns the annotations that every object of a controller has: Argo CD
// neither prunes it nor reports that it is in no repository, also where it tracks resources
// by labels or annotations that an object inherits.
func CommonAnnotations() map[string]string {
	return map[string]string{
		"argocd.argoproj.io/compare-options": "IgnoreExtraneous",
		"argocd.argoproj.io/sync-options":    "Prune=false",
	}
}

// IsOwn reports whether a label or an annotation is one of the controller's.
func IsOwn(key string) bool { return strings.HasPrefix(key, prefix) }

// Selector matches a controller's objects of one component.
func Selector(controller, component string) labels.Selector {
	return labels.SelectorFromSet(labels.Set{OwnerLabel: controller, componentLabel: component})
}

// OwnerSelector matches a controller's objects of all components. Executions that people
// create have no component.
func OwnerSelector(controller string) labels.Selector {
	return labels.SelectorFromSet(labels.Set{OwnerLabel: controller})
}

// TaskSelector matches a node task's Job and its pods, and those of nodes with the same
// shortened name.
func TaskSelector(controller string, key execution.Key) labels.Selector {
	return labels.SelectorFromSet(labels.Set{
		OwnerLabel: controller, componentLabel: JobComponent,
		ExecutionLabel: string(key.Execution), NodeLabel: nodeLabelValue(key.Node),
	})
}

// nodeLabelValue returns the node's name or, if that is too long for a label, its
// beginning and its hash.
func nodeLabelValue(node string) string {
	if len(node) <= validation.LabelValueMaxLength {
		return node
	}
	h := hash(node)
	return strings.TrimRight(node[:validation.LabelValueMaxLength-len(h)-1], "-.") + "-" + h
}

// KeyOf returns the node task in the labels of a Job or pod. It does not prove that the
// object belongs to this controller: any client can write labels.
func KeyOf(object metav1.Object) (execution.Key, bool) {
	id, err := execution.ParseID(object.GetLabels()[ExecutionLabel])
	node := object.GetAnnotations()[NodeAnnotation]
	if err != nil || node == "" {
		return execution.Key{}, false
	}
	return execution.Key{Execution: id, Node: node}, true
}

// Owned reports whether the owner's execution created the Job for the key.
func Owned(job metav1.Object, owner Owner, key execution.Key) bool {
	got, ok := KeyOf(job)
	ref := metav1.GetControllerOf(job)
	return ok && got == key && ref != nil && ref.UID == owner.UID
}
