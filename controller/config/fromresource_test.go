package config

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
)

func resourceOf(spec v1alpha1.NodeCronJobSpec) *v1alpha1.NodeCronJob {
	return &v1alpha1.NodeCronJob{ObjectMeta: metav1.ObjectMeta{Name: "example"}, Spec: spec}
}

// minimalSpec is the spec of a NodeCronJob with only the required fields.
func minimalSpec() v1alpha1.NodeCronJobSpec {
	return v1alpha1.NodeCronJobSpec{CronExpression: "42 3 * * *", Metrics: v1alpha1.Metrics{Prefix: "example"}, PodTemplate: podTemplate}
}

func TestFromResource(t *testing.T) {
	template := &corev1.PodTemplateSpec{Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "a", Image: "b"}}}}
	tests := map[string]struct {
		change func(*v1alpha1.NodeCronJobSpec)
		want   func(*Definition)
	}{
		"only what is required has the defaults of the ConfigMap": {func(*v1alpha1.NodeCronJobSpec) {}, func(*Definition) {}},
		"a structured template": {
			func(s *v1alpha1.NodeCronJobSpec) { s.PodTemplate, s.Template = "", template },
			func(d *Definition) { d.PodTemplate, d.Template = "", template },
		},
		"what config.yaml lacks": {
			func(s *v1alpha1.NodeCronJobSpec) {
				s.Suspend, s.ConcurrencyPolicy, s.Priority = true, v1alpha1.ReplaceConcurrent, -5
			},
			func(d *Definition) { d.Suspend, d.ConcurrencyPolicy, d.Priority = true, plan.ReplaceConcurrent, -5 },
		},
		"the default policy": {
			func(s *v1alpha1.NodeCronJobSpec) { s.ConcurrencyPolicy = v1alpha1.ForbidConcurrent },
			func(*Definition) {},
		},
		"durations, sizes, lists and free-form values": {
			func(s *v1alpha1.NodeCronJobSpec) {
				size := resource.MustParse("1.5Ki")
				s.StartingDeadline, s.StartupDelay, s.Callback.Limits.LabelSize = v1alpha1.NewDuration(90*time.Second), v1alpha1.NewDuration(0), &size
				s.JobImagePullSecrets = []corev1.LocalObjectReference{{Name: "a"}, {Name: "b"}}
				s.JobNodeSelector = map[string]v1alpha1.LabelValue{"x": ""}
				s.Metrics.Gauges = map[string]v1alpha1.Gauge{"g": {Help: "h", Labels: []v1alpha1.MetricLabel{"l"}}}
				s.Custom = &runtime.RawExtension{Raw: []byte(`{"a": 1, "b": [1.5]}`)}
			},
			func(d *Definition) {
				d.StartingDeadline, d.StartupDelay, d.Intake.LabelSize = 90*time.Second, 0, 1536
				d.JobImagePullSecrets, d.JobNodeSelector = []string{"a", "b"}, map[string]string{"x": ""}
				d.Metrics.Gauges = map[string]Gauge{"g": {Help: "h", Labels: []string{"l"}}}
				d.Custom = map[string]any{"a": int64(1), "b": []any{1.5}}
			},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			spec, want := minimalSpec(), minimal().Definition
			tt.change(&spec)
			tt.want(&want)
			got, warnings, problems := FromResource(resourceOf(spec), now)
			if len(problems) > 0 || len(warnings) > 0 {
				t.Fatalf("problems %v, warnings %q", problems, warnings)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestFromResourceReportsEverythingAtOnce(t *testing.T) {
	size := resource.MustParse("5Ki")
	n := resourceOf(v1alpha1.NodeCronJobSpec{
		CronExpression: "60 * * * *", PodPoolSize: 1001, JobTimeout: v1alpha1.NewDuration(-time.Second), ConcurrencyPolicy: "Never", Priority: 1001,
		JobNodeSelector:     map[string]v1alpha1.LabelValue{"a b": "c"},
		JobImagePullSecrets: []corev1.LocalObjectReference{{}},
		Callback:            v1alpha1.Callback{Limits: v1alpha1.CallbackLimits{LabelSize: &size, EventBurst: 1001}},
		Metrics: v1alpha1.Metrics{Prefix: "go", Gauges: map[string]v1alpha1.Gauge{
			"pods": {}, "g": {Labels: []v1alpha1.MetricLabel{"l", "l"}},
		}},
	})
	n.Name = "a.b"
	d, _, problems := FromResource(n, now)
	want := map[string]string{
		"metadata.name":                    "a.b",
		"spec.cronExpression":              "60",
		"spec.podPoolSize":                 "1001: must be a whole number from 1 to 1000",
		"spec.jobTimeout":                  "from 1s",
		"spec.concurrencyPolicy":           `"Forbid", "Queue", "Replace"`,
		"spec.priority":                    "from -1000 to 1000",
		"spec.jobNodeSelector[a b]":        "alphanumeric",
		"spec.jobImagePullSecrets[0].name": "name of a Secret",
		"spec.callback.limits.labelSize":   "from 1 to 4Ki",
		"spec.callback.limits.eventBurst":  "from 1 to 1000",
		"spec.metrics.prefix":              "begin with go_",
		"spec.metrics.gauges[pods]":        "reserved",
		"spec.metrics.gauges[g].labels[1]": "Duplicate",
		"spec.template":                    "template or podTemplate",
	}
	got := problems.Lines()
	for path, says := range want {
		if !hasLine(got, path, says) {
			t.Errorf("no problem at %q says %q", path, says)
		}
	}
	if len(got) != len(want) {
		t.Errorf("want %d problems, got %d:\n%s", len(want), len(got), problems.Error())
	}
	if diff := cmp.Diff(Definition{}, d); diff != "" {
		t.Errorf("a definition comes with the problems: %s", diff)
	}
}

func TestFromResourceRefuses(t *testing.T) {
	tests := map[string]struct {
		change         func(*v1alpha1.NodeCronJobSpec)
		path, wantSays string
	}{
		"both templates":             {func(s *v1alpha1.NodeCronJobSpec) { s.Template = &corev1.PodTemplateSpec{} }, "spec.podTemplate", "together with template"},
		"a text that is no template": {func(s *v1alpha1.NodeCronJobSpec) { s.PodTemplate = "{{" }, "spec.podTemplate", ""},
		"no container in the structure": {func(s *v1alpha1.NodeCronJobSpec) {
			s.PodTemplate, s.Template = "", &corev1.PodTemplateSpec{}
		}, "spec.template.spec.containers", "at least one container"},
		"a container without an image in the structure": {func(s *v1alpha1.NodeCronJobSpec) {
			s.PodTemplate, s.Template = "", &corev1.PodTemplateSpec{Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "a", Image: "b"}, {Name: "c"}}}}
		}, "spec.template.spec.containers[1].image", "must have an image"},
		"a structure that is too large": {func(s *v1alpha1.NodeCronJobSpec) {
			s.PodTemplate, s.Template = "", &corev1.PodTemplateSpec{Spec: corev1.PodSpec{Hostname: strings.Repeat("x", 256<<10)}}
		}, "spec.template", "262144 bytes"},
		"a container without an image": {func(s *v1alpha1.NodeCronJobSpec) {
			s.PodTemplate = strings.Replace(podTemplate, "image: busybox", "args: []", 1)
		}, "spec.podTemplate.spec.containers[0].image", ""},
		"free-form values that are no mapping": {func(s *v1alpha1.NodeCronJobSpec) { s.Custom = &runtime.RawExtension{Raw: []byte("[]")} }, "spec.custom", "mapping"},
		"free-form values that are no JSON":    {func(s *v1alpha1.NodeCronJobSpec) { s.Custom = &runtime.RawExtension{Raw: []byte("{")} }, "spec", "JSON"},
		"a time zone in both places":           {func(s *v1alpha1.NodeCronJobSpec) { s.CronExpression, s.TimeZone = "TZ=UTC @daily", "UTC" }, "spec.cronExpression", "only one"},
		"a time zone that does not exist":      {func(s *v1alpha1.NodeCronJobSpec) { s.TimeZone = "Mars/Base" }, "spec.timeZone", "Mars/Base"},
		"nothing at all":                       {func(s *v1alpha1.NodeCronJobSpec) { *s = v1alpha1.NodeCronJobSpec{} }, "spec.metrics.prefix", "must be set"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			spec := minimalSpec()
			tt.change(&spec)
			_, _, problems := FromResource(resourceOf(spec), now)
			if !hasLine(problems.Lines(), tt.path, tt.wantSays) {
				t.Errorf("no problem at %q says %q:\n%v", tt.path, tt.wantSays, problems)
			}
		})
	}
}

func TestFromResourceWarnsOfWhatTheControllerOverrides(t *testing.T) {
	spec := minimalSpec()
	spec.PodTemplate, spec.Template = "", &corev1.PodTemplateSpec{Spec: corev1.PodSpec{
		RestartPolicy: corev1.RestartPolicyAlways, Containers: []corev1.Container{{Name: "a", Image: "b"}},
	}}
	_, warnings, problems := FromResource(resourceOf(spec), now)
	if len(problems) > 0 || len(warnings) != 1 || !strings.HasPrefix(warnings[0], "spec.template.spec.restartPolicy: not used") {
		t.Errorf("problems %v, warnings %q", problems, warnings)
	}
}
