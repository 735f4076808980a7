package config

import (
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/config/schema"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// keys returns the keys of config.yaml, which are read into c. This declaration is the
// only one: decoding and reloading go by it, docs/config.schema.json is written from
// it, and the tables of docs/configuration.md are compared with it. Keys that have to
// agree with each other, such as the Service's name and port, share a policy.
func keys(c *Config, env Env) []schema.Key {
	return []schema.Key{
		schema.KeyOf("name", Restart, schema.Text(&c.Name, "", schema.DNSLabel.Required("must be set: every object in the cluster begins with it")),
			"the controller's name, a DNS label. Jobs are named `<name>-<executionID>-<hash of the node's name>`"),
		schema.KeyOf("jobServiceAccount", NextExecution, schema.Text(&c.JobServiceAccount, "", schema.DNSSubdomain).AbsentIs("the template's, else `default`"),
			"the job pods' service account"),
		schema.KeyOf("jobImagePullSecrets", NextExecution, secrets(&c.JobImagePullSecrets).AbsentIs("none"),
			"list of `{name: ...}`, added to the template's. Alias: `imagePullSecrets`"),
		schema.KeyOf("imagePullSecrets", "", secretsAlias(&c.JobImagePullSecrets), "another name of jobImagePullSecrets"),
		schema.KeyOf("jobNodeSelector", NextExecution, nodeSelector(&c.JobNodeSelector).AbsentIs("all nodes"),
			"labels of nodes that [take part](#which-nodes-take-part)"),
		schema.KeyOf("runOnUnscheduledNodes", NextExecution, schema.Boolean(&c.RunOnUnscheduledNodes),
			"run on cordoned nodes too; the pods tolerate `node.kubernetes.io/unschedulable`"),
		schema.KeyOf("tolerateNoExecute", NextExecution, schema.Boolean(&c.TolerateNoExecute), "run on nodes that are [`NodeTainted`](#which-nodes-take-part) too; the pods tolerate their taints"),
		schema.KeyOf("cronExpression", AtOnce, schema.QuotedText(&c.CronExpression).AbsentIs("required"), "when executions start"),
		schema.KeyOf("timeZone", AtOnce, schema.QuotedText(&c.TimeZone).AbsentIs("`UTC`"), "time zone of `cronExpression`, such as `Europe/Zurich`"),
		schema.KeyOf("startingDeadline", AtOnce, schema.Duration(&c.StartingDeadline, 0, 0, schema.MaxDuration).AbsentIs("one period, at most `1h`"),
			"how late an execution may start if no leader could start it on time; any later, its tick is missed"),
		schema.KeyOf("runOnStartup", NextStart, schema.Boolean(&c.RunOnStartup), "also start an execution at startup: one for all replicas that start together"),
		schema.KeyOf("startupDelay", NextStart, durationOrNanoseconds(&c.StartupDelay, 10*time.Second, 0, schema.MaxDuration),
			"delay of the `runOnStartup` execution. With less, first callbacks may be refused: nodes learn the new endpoint late"),
		schema.KeyOf("podPoolSize", NextExecution, schema.Number(&c.PodPoolSize, 10, 1, 1_000), "[node tasks](glossary.md) in flight at once, 1 to 1000"),
		schema.KeyOf("startDeadline", NextExecution, schema.Duration(&c.StartDeadline, 10*time.Minute, time.Second, schema.MaxDuration),
			"time for a pod to start all containers, the run of its init containers excluded; then the node task fails with the pod's reason"),
		schema.KeyOf("jobTimeout", NextExecution, schema.Duration(&c.JobTimeout, time.Hour, time.Second, schema.MaxDuration),
			"time for a pod once the kubelet has accepted it, image pulls included. A pod that exceeds it keeps its slot for its grace period, and at most a minute more"),
		schema.KeyOf("backoffLimit", NextExecution, schema.Number(&c.BackoffLimit, 0, 0, 10),
			"replacements of a failed pod on its node; with `0`, nothing runs twice"),
		schema.KeyOf("reportDirectory", Restart, reportDirectory(&c.ReportDirectory, env),
			"where reports are stored, with room for `reportHistory` executions; `REPORT_DIRECTORY` overrides it"),
		schema.KeyOf("reportHistory", AtOnce, schema.Number(&c.ReportHistory, 30, 1, 10_000), "executions that keep their report, gauges and record"),
		schema.KeyOf("jobHistory", AtOnce, schema.Number(&c.JobHistory, 3, 1, 1_000), "closed executions that keep their Jobs, for `kubectl`"),
		schema.KeyOf("savePodLog", NextExecution, schema.Boolean(&c.SavePodLog), "save the logs of all containers and init containers, at most 16 MiB each"),
		schema.KeyOf("result", NextExecution, schema.Word(&c.Result, ResultByGauges, ResultExpected, ResultOptional).AbsentIs("by the gauges"),
			"whether a node [must send a result](callbacks.md#without-a-result): `Expected`, `Optional`, or empty: `Expected` if `metrics.gauges` are configured"),
		schema.KeyOf("callbackServiceName", Restart, callbackService(&c.CallbackServiceName, env).AbsentIs("required unless `POD_IP` is set"),
			"Service that job pods report to, for port 8090 of the controller"),
		schema.KeyOf("callbackServicePort", Restart, callbackPort(&c.CallbackServicePort), "port of the callback Service"),
		schema.KeyOf("callback", "", schema.Object(keysOfCallback(&c.Callback)...), "how job pods report"),
		schema.KeyOf("reports", "", schema.Object(keysOfReports(&c.Reports)...), "who may look at the reports, and how"),
		schema.KeyOf("latestMetricsLabel", AtOnce, schema.Boolean(&c.LatestMetricsLabel), "also export each node's newest values with `executionID=\"latest\"`"),
		schema.KeyOf("metrics", "", schema.Object(keysOfMetrics(&c.Metrics)...), "what results become"),
		schema.KeyOf("custom", NextExecution, schema.FreeForm(&c.Custom).AbsentIs("none"), "free-form, for [extensions](extensions.md)"),
		schema.KeyOf("leaderElectionResourceLock", "", resourceLock().AbsentIs("`leases`"), "for compatibility: the controller always uses a Lease"),
		schema.KeyOf("healthProbePort", "", fixedPort(healthPort), "only for compatibility: the port is 9152"),
	}
}

func keysOfCallback(c *Callback) []schema.Key {
	return []schema.Key{
		schema.KeyOf("auth", Restart, schema.Word(&c.Auth, execution.TokenAuth, execution.ServiceAccountTokenAuth, execution.NoAuth),
			"how pods [authenticate](callbacks.md#who-may-report): `token`, `serviceAccountToken` or `none`"),
		schema.KeyOf("tokensPerSecret", NextExecution, schema.Number(&c.TokensPerSecret, 50, 1, 1_000),
			"nodes whose tokens share a Secret, 1 to 1000. Root on one can [report for the others](../SECURITY.md#threats-and-defenses); `1` prevents that, but costs a request per node"),
		schema.KeyOf("limits", "", schema.Object(keysOfLimits(&c.Limits)...).AbsentIs("see [below](#limits)"), "limits on what pods send"),
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
		schema.KeyOf("prefix", Restart, schema.Text(&m.Prefix, "", metricPrefix.Required("must be set: every metric begins with it")),
			"first part of every gauge's name"),
		schema.KeyOf("gauges", NextExecution, gauges(&m.Gauges).AbsentIs("none"),
			"gauges that results may set, each with `help` and `labels`; `node` and `executionID` are added"),
		schema.KeyOf("port", "", fixedPort(metricsPort), "only for compatibility: the port is 9153"),
	}
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
	add("", keys(c, Env{}))
	return append(all, setting{PodTemplateKey, NextExecution, &c.PodTemplate})
}
