package jobspec

import (
	"cmp"
	"fmt"
	"math"
	"strings"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/podtext"
)

// Owner is the Execution that owns a Job.
type Owner struct {
	Name string
	UID  types.UID
}

// EnvExtension returns additional environment variables for a container of a job pod.
// They override the template's, but not the controller's own.
type EnvExtension func(key execution.Key, container corev1.Container) []corev1.EnvVar

// Options are the options of a Job besides its plan and its task.
type Options struct {
	Controller string
	Namespace  string
	Owner      Owner
	Extensions []EnvExtension
}

// Render returns the Job of one node task, by its index in the plan.
func Render(plan execution.Plan, index int, o Options) (*batchv1.Job, error) {
	node := plan.Nodes[index]
	key := execution.Key{Execution: plan.ID, Node: node.Name}
	s := plan.Settings
	template, err := templateOf(s)
	if err != nil {
		return nil, fmt.Errorf("pod template: %w", err)
	}
	pod, err := template.pod(podtext.Data{Namespace: o.Namespace, ExecutionID: string(key.Execution), NodeName: key.Node})
	if err != nil {
		return nil, fmt.Errorf("pod template for node %s: %w", node.Name, err)
	}
	pinToNode(&pod.Spec, node, s.TolerateUnschedulable)
	setCredential(&pod.Spec, s, o)
	if err := setEnv(&pod.Spec, taskEnv(key, index, plan, o), key, o); err != nil {
		return nil, fmt.Errorf("environment for node %s: %w", node.Name, err)
	}
	bypassProxies(&pod.Spec, s.CallbackName)
	trustCA(&pod.Spec, s)
	setPodPolicy(&pod.Spec, s)
	return &batchv1.Job{
		TypeMeta: metav1.TypeMeta{APIVersion: "batch/v1", Kind: "Job"},
		ObjectMeta: metav1.ObjectMeta{
			Name:            JobName(plan.NodeCronJob, key),
			Namespace:       o.Namespace,
			Labels:          taskLabels(plan, key, o.Controller, nil),
			Annotations:     taskAnnotations(plan, node, jobAnnotations(s, pod.Spec.Containers)),
			OwnerReferences: []metav1.OwnerReference{OwnerReference(o.Owner)},
		},
		Spec: batchv1.JobSpec{
			Completions:  ptr.To[int32](1),
			Parallelism:  ptr.To[int32](1),
			BackoffLimit: ptr.To(s.BackoffLimit),
			// A pod that is being deleted may still run: its replacement waits
			// until it has ended.
			PodReplacementPolicy:  ptr.To(batchv1.Failed),
			ActiveDeadlineSeconds: ptr.To(backstop(s, pod.Spec)),
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{
					Labels:      taskLabels(plan, key, o.Controller, pod.Labels),
					Annotations: taskAnnotations(plan, node, pod.Annotations),
				},
				Spec: pod.Spec,
			},
		},
	}, nil
}

// taskLabels returns the labels of a Job, and of its pod alike.
func taskLabels(plan execution.Plan, key execution.Key, controller string, own map[string]string) map[string]string {
	all := merged(own, CommonLabels(controller, JobComponent))
	all[NodeCronJobLabel] = plan.NodeCronJob
	all[ExecutionLabel] = string(key.Execution)
	all[NodeLabel] = nodeLabelValue(key.Node)
	return all
}

func taskAnnotations(plan execution.Plan, node execution.Node, own map[string]string) map[string]string {
	return merged(merged(own, CommonAnnotations()), map[string]string{
		NodeAnnotation:      node.Name,
		NodeUIDAnnotation:   node.UID,
		ScheduledAnnotation: plan.Scheduled.UTC().Format(time.RFC3339),
	})
}

// jobAnnotations are the annotations of a Job and not of its pods. They list the
// containers, because a webhook may add containers to the Job's template.
func jobAnnotations(s execution.Settings, containers []corev1.Container) map[string]string {
	names := make([]string, 0, len(containers))
	for _, c := range containers {
		names = append(names, c.Name)
	}
	all := map[string]string{ContainersAnnotation: strings.Join(names, ",")}
	if s.CallbackAuth != "" && s.CallbackAuth != execution.NoAuth {
		all[AuthAnnotation] = string(s.CallbackAuth)
	}
	return all
}

func merged(own, ours map[string]string) map[string]string {
	all := make(map[string]string, len(own)+len(ours))
	for k, v := range own {
		all[k] = v
	}
	for k, v := range ours {
		all[k] = v
	}
	return all
}

// OwnerReference makes an Execution the owner of an object, so that the garbage collector
// deletes the object with the Execution. It does not block the owner's deletion, which would
// need a permission for finalizers.
func OwnerReference(o Owner) metav1.OwnerReference {
	return metav1.OwnerReference{
		APIVersion: v1alpha1.GroupVersion().String(),
		Kind:       v1alpha1.ExecutionKind,
		Name:       o.Name,
		UID:        o.UID,
		Controller: ptr.To(true),
	}
}

// pinToNode restricts the scheduler to the node by its name, which unlike the hostname
// label always exists and is unique. A node selector of the template still applies.
func pinToNode(spec *corev1.PodSpec, node execution.Node, tolerateUnschedulable bool) {
	requirement := corev1.NodeSelectorRequirement{
		Key:      metav1.ObjectNameField,
		Operator: corev1.NodeSelectorOpIn,
		Values:   []string{node.Name},
	}
	if spec.Affinity == nil {
		spec.Affinity = &corev1.Affinity{}
	}
	if spec.Affinity.NodeAffinity == nil {
		spec.Affinity.NodeAffinity = &corev1.NodeAffinity{}
	}
	affinity := spec.Affinity.NodeAffinity
	if affinity.RequiredDuringSchedulingIgnoredDuringExecution == nil {
		affinity.RequiredDuringSchedulingIgnoredDuringExecution = &corev1.NodeSelector{}
	}
	required := affinity.RequiredDuringSchedulingIgnoredDuringExecution
	if len(required.NodeSelectorTerms) == 0 {
		required.NodeSelectorTerms = []corev1.NodeSelectorTerm{{}}
	}
	for i := range required.NodeSelectorTerms { // terms are alternatives: each has to name the node
		term := &required.NodeSelectorTerms[i]
		term.MatchFields = append(term.MatchFields, requirement)
	}
	for _, taint := range node.Taints {
		spec.Tolerations = append(spec.Tolerations, corev1.Toleration{
			Key: taint.Key, Operator: corev1.TolerationOpEqual, Value: taint.Value,
			Effect: cmp.Or(corev1.TaintEffect(taint.Effect), corev1.TaintEffectNoSchedule),
		})
	}
	if tolerateUnschedulable {
		spec.Tolerations = append(spec.Tolerations, corev1.Toleration{
			Key: corev1.TaintNodeUnschedulable, Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoSchedule,
		})
	}
}

func setPodPolicy(spec *corev1.PodSpec, s execution.Settings) {
	spec.RestartPolicy = corev1.RestartPolicyNever
	neverRestart(spec.InitContainers, isSidecar)
	neverRestart(spec.Containers, nil)
	spec.NodeName = "" // would bypass the scheduler, and with it the resource check
	if s.JobServiceAccount != "" {
		spec.ServiceAccountName = s.JobServiceAccount
	}
	for _, name := range s.JobImagePullSecrets {
		spec.ImagePullSecrets = append(spec.ImagePullSecrets, corev1.LocalObjectReference{Name: name})
	}
	// On the pod, so that the kubelet stops it but leaves the object: the Job
	// controller would delete it, and its log with it.
	limit := seconds(s.JobTimeout)
	if spec.ActiveDeadlineSeconds == nil || *spec.ActiveDeadlineSeconds > limit {
		spec.ActiveDeadlineSeconds = ptr.To(limit)
	}
}

// backstop is the Job's own deadline. It applies only without a leader: after all pods
// of the Job have had their time and grace period.
func backstop(s execution.Settings, spec corev1.PodSpec) int64 {
	const slack = 10 * time.Minute // the Job controller's longest pause before another pod
	return seconds(time.Duration(s.BackoffLimit+1) * (s.StartDeadline + s.JobTimeout + Grace(spec.TerminationGracePeriodSeconds) + slack))
}

// seconds rounds up, and stays within the API server's limit.
func seconds(d time.Duration) int64 {
	return min(max(int64(math.Ceil(d.Seconds())), 1), math.MaxInt32)
}
