package config

import (
	"cmp"
	"encoding/json"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
)

// ToResource returns the spec of a NodeCronJob with a definition that was decoded. It has
// all defaults that the API server would add: it is what the API server stores.
func ToResource(d Definition) v1alpha1.NodeCronJobSpec {
	return v1alpha1.NodeCronJobSpec{
		CronExpression:        d.CronExpression,
		TimeZone:              d.TimeZone,
		StartingDeadline:      durationUnlessZero(d.StartingDeadline),
		Suspend:               d.Suspend,
		ConcurrencyPolicy:     v1alpha1.ConcurrencyPolicy(cmp.Or(d.ConcurrencyPolicy, plan.ForbidConcurrent)),
		Priority:              number(d.Priority),
		RunOnStartup:          d.RunOnStartup,
		StartupDelay:          v1alpha1.NewDuration(d.StartupDelay),
		JobNodeSelector:       labelsOf(d.JobNodeSelector),
		RunOnUnscheduledNodes: d.RunOnUnscheduledNodes,
		TolerateNoExecute:     d.TolerateNoExecute,
		PodPoolSize:           number(d.PodPoolSize),
		StartDeadline:         v1alpha1.NewDuration(d.StartDeadline),
		JobTimeout:            v1alpha1.NewDuration(d.JobTimeout),
		BackoffLimit:          d.BackoffLimit,
		JobServiceAccount:     d.JobServiceAccount,
		JobImagePullSecrets:   pullSecretsOf(d.JobImagePullSecrets),
		ReportHistory:         number(d.ReportHistory),
		JobHistory:            number(d.JobHistory),
		SavePodLog:            d.SavePodLog,
		Result:                v1alpha1.ResultPolicy(d.Result),
		Callback:              v1alpha1.Callback{TokensPerSecret: number(d.TokensPerSecret), Limits: limitsOf(d.Intake)},
		Metrics:               metricsOf(d.Metrics),
		LatestMetricsLabel:    d.LatestMetricsLabel,
		Custom:                customOf(d.Custom),
		Template:              d.Template.DeepCopy(),
		PodTemplate:           d.PodTemplate,
	}
}

func limitsOf(in Intake) v1alpha1.CallbackLimits {
	return v1alpha1.CallbackLimits{
		SamplesPerResult:  number(in.SamplesPerResult),
		LabelSets:         number(in.LabelSets),
		LabelSize:         sizeUnlessZero(int64(in.LabelSize)),
		FilesPerTask:      number(in.FilesPerTask),
		BytesPerTask:      sizeUnlessZero(in.BytesPerTask),
		ResultsPerTask:    number(in.ResultsPerTask),
		EventsPerTask:     number(in.EventsPerTask),
		EventBurst:        number(in.EventBurst),
		EventInterval:     durationUnlessZero(in.EventInterval),
		BytesPerExecution: sizeUnlessZero(in.BytesPerExecution),
	}
}

func metricsOf(m Metrics) v1alpha1.Metrics {
	to := v1alpha1.Metrics{Prefix: m.Prefix}
	for name, g := range m.Gauges {
		if to.Gauges == nil {
			to.Gauges = map[string]v1alpha1.Gauge{}
		}
		gauge := v1alpha1.Gauge{Help: g.Help}
		for _, label := range g.Labels {
			gauge.Labels = append(gauge.Labels, v1alpha1.MetricLabel(label))
		}
		to.Gauges[name] = gauge
	}
	return to
}

func labelsOf(selector map[string]string) (labels map[string]v1alpha1.LabelValue) {
	for name, value := range selector {
		if labels == nil {
			labels = map[string]v1alpha1.LabelValue{}
		}
		labels[name] = v1alpha1.LabelValue(value)
	}
	return labels
}

func pullSecretsOf(names []string) (secrets []corev1.LocalObjectReference) {
	for _, name := range names {
		secrets = append(secrets, corev1.LocalObjectReference{Name: name})
	}
	return secrets
}

// customOf writes values as JSON. They were read as JSON, so that it cannot fail.
func customOf(custom map[string]any) *runtime.RawExtension {
	raw, err := json.Marshal(custom)
	if custom == nil || err != nil {
		return nil
	}
	return &runtime.RawExtension{Raw: raw}
}

// number converts the value of a key, whose limits are far below.
func number(n int) int32 { return int32(n) } //nolint:gosec // see above

func durationUnlessZero(d time.Duration) *v1alpha1.Duration {
	if d == 0 {
		return nil
	}
	return v1alpha1.NewDuration(d)
}

func sizeUnlessZero(n int64) *resource.Quantity {
	if n == 0 {
		return nil
	}
	return resource.NewQuantity(n, resource.BinarySI)
}
