package jobspec

import (
	"math"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1validation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/utils/ptr"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// checkJob checks the properties of every Job, whatever its template is.
func checkJob(t *testing.T, job *batchv1.Job, p execution.Plan, node execution.Node, o Options) {
	t.Helper()
	key := execution.Key{Execution: p.ID, Node: node.Name}
	if got, ok := KeyOf(job); !ok || got != key {
		t.Errorf("the Job's key is %v, %t, want %v", got, ok, key)
	}
	if got, ok := KeyOf(&job.Spec.Template); !ok || got != key {
		t.Errorf("the pod's key is %v, %t, want %v", got, ok, key)
	}
	if !Owned(job, o.Owner, key) {
		t.Error("the Job is not its owner's")
	}
	for _, message := range validation.IsDNS1123Label(job.Name) {
		t.Errorf("name %s: %s", job.Name, message)
	}
	if !HasJobName(job, key) || job.Name != JobName(p.NodeCronJob, key) {
		t.Errorf("name %s does not follow from the labels", job.Name)
	}
	for _, labels := range []map[string]string{job.Labels, job.Spec.Template.Labels} {
		if labels[NodeCronJobLabel] != p.NodeCronJob || labels["app.kubernetes.io/instance"] != "" {
			t.Errorf("labels: got %v, want the definition's, and none that Argo CD takes for its own", labels)
		}
		for _, err := range metav1validation.ValidateLabels(labels, field.NewPath("labels")) {
			t.Error(err)
		}
	}
	pod := job.Spec.Template.Spec
	if pod.RestartPolicy != corev1.RestartPolicyNever || *job.Spec.PodReplacementPolicy != batchv1.Failed ||
		*job.Spec.Completions != 1 || *job.Spec.Parallelism != 1 {
		t.Error("more than one pod may run at once")
	}
	if pod.NodeName != "" || len(pod.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms) == 0 {
		t.Error("the pod is not left to the scheduler")
	}
	for _, term := range pod.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms {
		last := term.MatchFields[len(term.MatchFields)-1]
		if last.Key != "metadata.name" || len(last.Values) != 1 || last.Values[0] != node.Name {
			t.Errorf("a term does not name the node: %v", term)
		}
	}
	if *pod.ActiveDeadlineSeconds >= *job.Spec.ActiveDeadlineSeconds {
		t.Errorf("the Job's deadline %d s does not come after the pod's %d s", *job.Spec.ActiveDeadlineSeconds, *pod.ActiveDeadlineSeconds)
	}
	for _, c := range append(pod.InitContainers, pod.Containers...) {
		seen := map[string]bool{}
		for i, v := range c.Env {
			if seen[v.Name] {
				t.Errorf("container %s has %s twice", c.Name, v.Name)
			}
			seen[v.Name] = true
			if ours := taskEnv(key, 0, p, o); i < len(ours) && !reflect.DeepEqual(v, ours[i]) {
				t.Errorf("container %s: variable %d is %v, want %v", c.Name, i, v, ours[i])
			}
		}
	}
}

func TestRenderGivesJobsOfTheirOwn(t *testing.T) {
	p := planWith(plainTemplate)
	first, err := renderFor(p, nodeOf("worker-1"), options())
	if err != nil {
		t.Fatal(err)
	}
	want := first.DeepCopy()
	second, err := renderFor(p, nodeOf("worker-1"), options())
	if err != nil {
		t.Fatal(err)
	}
	second.Labels["a"], second.Spec.Template.Labels["a"], second.Spec.Template.Spec.Containers[0].Env[0].Value = "b", "b", "b"
	if diff := cmp.Diff(want, first); diff != "" {
		t.Errorf("two Jobs share their memory:\n%s", diff)
	}
}

// A scalar without quotes is what the field says it is: the predecessor took
// such templates.
func TestRenderReadsScalarsByTheirField(t *testing.T) {
	job, err := renderFor(planWith(`
apiVersion: v1
kind: Pod
metadata:
  labels: {run: {{ .ExecutionID }}, at: {{ .NodeName }}, yes: true}
spec:
  terminationGracePeriodSeconds: 5
  containers:
    - name: check
      image: check
      args: [1, 2.5, true, {{ .NodeName }}]
      ports: [{containerPort: 80}]
      resources: {limits: {cpu: 1, memory: 64Mi}}
`), nodeOf("1047"), options())
	if err != nil {
		t.Fatal(err)
	}
	pod := job.Spec.Template
	if pod.Labels["run"] != "20260304050000" || pod.Labels["true"] != "true" {
		t.Errorf("labels %v", pod.Labels)
	}
	c := pod.Spec.Containers[0]
	if diff := cmp.Diff([]string{"1", "2.5", "true", "1047"}, c.Args); diff != "" {
		t.Errorf("args (-want +got):\n%s", diff)
	}
	if cpu := c.Resources.Limits[corev1.ResourceCPU]; !cpu.Equal(resource.MustParse("1")) || c.Ports[0].ContainerPort != 80 {
		t.Errorf("cpu %s, port %d", cpu.String(), c.Ports[0].ContainerPort)
	}
	if *pod.Spec.TerminationGracePeriodSeconds != 5 {
		t.Errorf("grace of %d s", *pod.Spec.TerminationGracePeriodSeconds)
	}
}

func TestBackstop(t *testing.T) {
	cases := map[string]struct {
		settings execution.Settings
		grace    *int64
		want     int64
	}{
		"one attempt":                    {settings: execution.Settings{StartDeadline: 10 * time.Minute, JobTimeout: time.Hour}, want: 4830},
		"each attempt has its own pause": {settings: execution.Settings{StartDeadline: time.Minute, JobTimeout: time.Minute, BackoffLimit: 10}, want: 11 * 750},
		"a pod with a long grace": {
			settings: execution.Settings{StartDeadline: time.Minute, JobTimeout: time.Minute, BackoffLimit: 1}, grace: ptr.To[int64](600), want: 2 * 1320,
		},
		"a pod without a grace": {
			settings: execution.Settings{StartDeadline: time.Minute, JobTimeout: time.Minute}, grace: ptr.To[int64](0), want: 720,
		},
		"the longest durations": {
			settings: execution.Settings{StartDeadline: 1000 * time.Hour, JobTimeout: 1000 * time.Hour, BackoffLimit: 10}, want: 11 * (7200000 + 630),
		},
		"a grace without end": {
			settings: execution.Settings{StartDeadline: 1000 * time.Hour, JobTimeout: 1000 * time.Hour, BackoffLimit: 10}, grace: ptr.To[int64](math.MaxInt64),
			want: 11 * (7200000 + 600 + maxGrace),
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if got := backstop(tc.settings, corev1.PodSpec{TerminationGracePeriodSeconds: tc.grace}); got != tc.want {
				t.Errorf("%d s, want %d s", got, tc.want)
			}
		})
	}
}

func TestSeconds(t *testing.T) {
	for d, want := range map[time.Duration]int64{
		-time.Second: 1, 0: 1, time.Millisecond: 1, time.Second: 1, time.Second + 1: 2, time.Hour: 3600, 1<<63 - 1: 1<<31 - 1,
	} {
		if got := seconds(d); got != want {
			t.Errorf("%s: %d s, want %d s", d, got, want)
		}
	}
}
