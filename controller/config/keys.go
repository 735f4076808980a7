package config

import (
	"time"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/batch-job-controller/batch-job-controller/controller/config/gauge"
	"github.com/batch-job-controller/batch-job-controller/controller/config/schema"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
)

// keys returns the keys of config.yaml, which are read into c and d. This declaration is
// the only one: decoding and reloading go by it, docs/config.schema.json is written from
// it, and the tables of docs/configuration.md are compared with it. Keys that have to
// agree with each other, such as the Service's name and port, share a policy.
//
// The keys that are read into d are those of a definition: the spec of a NodeCronJob has
// them too, under the same names. docs/design/0013 says why each is where it is.
func keys(c *Controller, d *Definition, env Env) []schema.Key {
	return []schema.Key{
		schema.KeyOf("name", Restart, schema.Text(&c.Name, "", schema.DNSLabel.Required("must be set: every object in the cluster begins with it")),
			"the controller's name, a DNS label. Jobs are named `<name>-<executionID>-<hash of the node's name>`"),
		schema.KeyOf("jobServiceAccount", NextExecution, schema.Text(&d.JobServiceAccount, "", schema.DNSSubdomain).AbsentIs("the template's, else `default`"),
			"the job pods' service account"),
		schema.KeyOf("jobImagePullSecrets", NextExecution, secrets(&d.JobImagePullSecrets).AbsentIs("none"),
			"list of `{name: ...}`, added to the template's. Alias: `imagePullSecrets`"),
		schema.KeyOf("imagePullSecrets", "", secretsAlias(&d.JobImagePullSecrets), "another name of jobImagePullSecrets"),
		schema.KeyOf("jobNodeSelector", NextExecution, nodeSelector(&d.JobNodeSelector).AbsentIs("all nodes"),
			"labels of nodes that [take part](#which-nodes-take-part)"),
		schema.KeyOf("runOnUnscheduledNodes", NextExecution, schema.Boolean(&d.RunOnUnscheduledNodes),
			"run on cordoned nodes too; the pods tolerate `node.kubernetes.io/unschedulable`"),
		schema.KeyOf("tolerateNoExecute", NextExecution, schema.Boolean(&d.TolerateNoExecute), "run on nodes that are [`NodeTainted`](#which-nodes-take-part) too; the pods tolerate their taints"),
		schema.KeyOf("cronExpression", AtOnce, schema.QuotedText(&d.CronExpression).AbsentIs("required"), "when executions start"),
		schema.KeyOf("timeZone", AtOnce, schema.QuotedText(&d.TimeZone).AbsentIs("`UTC`"), "time zone of `cronExpression`, such as `Europe/Zurich`"),
		schema.KeyOf("startingDeadline", AtOnce, schema.Duration(&d.StartingDeadline, 0, 0, schema.MaxDuration).AbsentIs("one period, at most `1h`"),
			"how late an execution may start if no leader could start it on time; any later, its tick is missed"),
		schema.KeyOf("runOnStartup", NextStart, schema.Boolean(&d.RunOnStartup), "also start an execution at startup: one for all replicas that start together"),
		schema.KeyOf("startupDelay", NextStart, durationOrNanoseconds(&d.StartupDelay, 10*time.Second, 0, schema.MaxDuration),
			"delay of the `runOnStartup` execution. With less, first callbacks may be refused: nodes learn the new endpoint late"),
		schema.KeyOf("podPoolSize", NextExecution, schema.Number(&d.PodPoolSize, 10, 1, 1_000), "[node tasks](glossary.md) in flight at once, 1 to 1000"),
		schema.KeyOf("maxPods", AtOnce, schema.Number(&c.MaxPods, 0, 0, 10_000).AbsentIs("no cap"),
			"node tasks of all definitions that may be in flight at once, 1 to 10000; see [a cap over all definitions](#a-cap-over-all-definitions)"),
		schema.KeyOf("startDeadline", NextExecution, schema.Duration(&d.StartDeadline, 10*time.Minute, time.Second, schema.MaxDuration),
			"time for a pod to start all containers, the run of its init containers excluded; then the node task fails with the pod's reason"),
		schema.KeyOf("jobTimeout", NextExecution, schema.Duration(&d.JobTimeout, time.Hour, time.Second, schema.MaxDuration),
			"time for a pod once the kubelet has accepted it, image pulls included. A pod that exceeds it keeps its slot for its grace period, and at most a minute more"),
		schema.KeyOf("backoffLimit", NextExecution, schema.Number(&d.BackoffLimit, 0, 0, 10),
			"replacements of a failed pod on its node; with `0`, nothing runs twice"),
		schema.KeyOf("reportDirectory", Restart, reportDirectory(&c.ReportDirectory, env),
			"where reports are stored, with room for `reportHistory` executions; `REPORT_DIRECTORY` overrides it"),
		schema.KeyOf("reportHistory", AtOnce, schema.Number(&d.ReportHistory, 30, 1, 10_000), "executions that keep their report, gauges and record"),
		schema.KeyOf("jobHistory", AtOnce, schema.Number(&d.JobHistory, 3, 1, 1_000), "closed executions that keep their Jobs, for `kubectl`"),
		schema.KeyOf("savePodLog", NextExecution, schema.Boolean(&d.SavePodLog), "save the logs of all containers and init containers, at most 16 MiB each"),
		schema.KeyOf("result", NextExecution, schema.Word(&d.Result, ResultByGauges, ResultExpected, ResultOptional).AbsentIs("by the gauges"),
			"whether a node [must send a result](callbacks.md#without-a-result): `Expected`, `Optional`, or empty: `Expected` if `metrics.gauges` are configured"),
		schema.KeyOf("callbackServiceName", Restart, callbackService(&c.CallbackServiceName, env).AbsentIs("required unless `POD_IP` is set"),
			"Service that job pods report to, for port 8090 of the controller"),
		schema.KeyOf("callbackServicePort", Restart, callbackPort(&c.CallbackServicePort), "port of the callback Service"),
		schema.KeyOf("callback", "", schema.Object(keysOfCallback(&c.Callback, d)...), "how job pods report"),
		schema.KeyOf("reports", "", schema.Object(keysOfReports(&c.Reports)...), "who may look at the reports, and how"),
		schema.KeyOf("latestMetricsLabel", AtOnce, schema.Boolean(&d.LatestMetricsLabel), "also export each node's newest values with `executionID=\"latest\"`"),
		schema.KeyOf("metrics", "", schema.Object(keysOfMetrics(&d.Metrics)...), "what results become"),
		schema.KeyOf("custom", NextExecution, schema.FreeForm(&d.Custom).AbsentIs("none"), "free-form, for [extensions](extensions.md)"),
		schema.KeyOf("leaderElectionResourceLock", "", resourceLock().AbsentIs("`leases`"), "for compatibility: the controller always uses a Lease"),
		schema.KeyOf("healthProbePort", "", fixedPort(healthPort), "only for compatibility: the port is 9152"),
	}
}

func keysOfCallback(c *Callback, d *Definition) []schema.Key {
	return []schema.Key{
		schema.KeyOf("auth", Restart, schema.Word(&c.Auth, execution.TokenAuth, execution.ServiceAccountTokenAuth, execution.NoAuth),
			"how pods [authenticate](callbacks.md#who-may-report): `token`, `serviceAccountToken` or `none`"),
		schema.KeyOf("tokensPerSecret", NextExecution, schema.Number(&d.TokensPerSecret, 50, 1, 1_000),
			"nodes whose tokens share a Secret, 1 to 1000. Root on one can [report for the others](../SECURITY.md#threats-and-defenses); `1` prevents that, but costs a request per node"),
		schema.KeyOf("limits", "", schema.Object(keysOfLimits(&c.Limits, &d.Intake)...).AbsentIs("see [below](#limits)"), "limits on what pods send"),
		schema.KeyOf("tls", Restart, schema.Word(&c.TLS.Mode, TLSOff, TLSSelfSigned, TLSSecret), "[TLS](tls.md) on the callback port: `off`, `selfSigned` or `secret`"),
		schema.KeyOf("tlsSecret", Restart, schema.Text(&c.TLS.Secret, "", schema.DNSSubdomain).AbsentIs("required with `secret`"),
			"Secret with `tls.crt`, `tls.key` and, optionally, `ca.crt`"),
	}
}

func keysOfReports(r *Reports) []schema.Key {
	return []schema.Key{
		schema.KeyOf("auth", Restart, schema.Word(&r.Auth, ReportsNoAuth, ReportsServiceAccountToken),
			"[who may read reports](reports.md#who-may-look): `none` (every client) or `serviceAccountToken`"),
		schema.KeyOf("tls", Restart, schema.Word(&r.TLS.Mode, TLSOff, TLSSelfSigned, TLSSecret), "TLS on the report port: `off`, `selfSigned` or `secret`"),
		schema.KeyOf("tlsSecret", Restart, schema.Text(&r.TLS.Secret, "", schema.DNSSubdomain).AbsentIs("required with `secret`"), "as `callback.tlsSecret`"),
	}
}

func keysOfMetrics(m *Metrics) []schema.Key {
	return []schema.Key{
		schema.KeyOf("prefix", Restart, gauge.Prefix(&m.Prefix),
			"first part of every gauge's name"),
		schema.KeyOf("gauges", NextExecution, gauge.Gauges(&m.Gauges).AbsentIs("none"),
			"gauges that results may set, each with `help` and `labels`; `node` and `executionID` are added"),
		schema.KeyOf("port", "", fixedPort(metricsPort), "only for compatibility: the port is 9153"),
	}
}

// keysOfResource returns the fields of a NodeCronJob's spec that are not keys of
// config.yaml, but for its template, which has no other form.
func keysOfResource(d *Definition) []schema.Key {
	return []schema.Key{
		schema.KeyOf("suspend", AtOnce, schema.Boolean(&d.Suspend), ""),
		schema.KeyOf("concurrencyPolicy", AtOnce, concurrencyPolicy(&d.ConcurrencyPolicy), ""),
		schema.KeyOf("priority", AtOnce, schema.Number(&d.Priority, 0, -1_000, 1_000), ""),
		schema.KeyOf("podTemplate", NextExecution, schema.Text(&d.PodTemplate, "", schema.Rule{}), ""),
	}
}

// concurrencyPolicy is one of the policies. The default is empty, as it is in a definition
// of the ConfigMap.
func concurrencyPolicy(to *plan.Policy) schema.Value {
	return schema.Word(to, plan.ForbidConcurrent, plan.QueueConcurrent, plan.ReplaceConcurrent).Then(func(*schema.Findings, *field.Path) {
		if *to == plan.ForbidConcurrent {
			*to = ""
		}
	})
}

// keysOfDefinition returns those of the keys of config.yaml that are read into d.
func keysOfDefinition(d *Definition) []schema.Key {
	fields := schema.FieldsOf(d)
	return schema.Replaced(keys(&Controller{}, d, Env{}), func(k schema.Key) (schema.Key, bool) { return k, fields[k.Value.Target] })
}

// keysWithoutDefinition returns the keys of a config.yaml that has no definition: those of
// one are not read, and a warning says so.
func keysWithoutDefinition(c *Controller, env Env) []schema.Key {
	var d Definition
	fields := schema.FieldsOf(&d)
	return schema.Replaced(keys(c, &d, env), func(k schema.Key) (schema.Key, bool) {
		if fields[k.Value.Target] {
			k.Value.Read = func(f *schema.Findings, at *field.Path, given any) {
				if given != nil {
					f.Warn(at, "has no effect: without cronExpression and %s, the ConfigMap has no definition", PodTemplateKey)
				}
			}
		}
		return k, true
	})
}

// A setting is a key with an effect, and its field of a Config.
type setting struct {
	path    string
	applies ReloadPolicy
	target  any // a pointer to the field
}

// settings returns the settings of a configuration, and its pod template.
func settings(c *Config) []setting {
	var all []setting
	var add func(prefix string, keys []schema.Key)
	add = func(prefix string, keys []schema.Key) {
		for _, k := range keys {
			if k.Applies != "" {
				all = append(all, setting{prefix + k.Name, k.Applies, k.Value.Target})
			}
			add(prefix+k.Name+".", k.Value.Keys)
		}
	}
	add("", keys(&c.Controller, &c.Definition, Env{}))
	return append(all, setting{PodTemplateKey, NextExecution, &c.PodTemplate})
}
