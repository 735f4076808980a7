package config

import (
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// keys returns the keys of config.yaml, which are read into c. This declaration is the
// only one: decoding and reloading go by it, docs/config.schema.json is written from
// it, and the tables of docs/configuration.md are compared with it. Keys that have to
// agree with each other, such as the Service's name and port, share a policy.
func keys(c *Config) []key {
	return []key{
		{"name", Restart, text(&c.Name, "", dnsLabel.required("must be set: every object in the cluster begins with it")),
			"the controller's name, a DNS label. Jobs are named `<name>-<executionID>-<hash of the node's name>`"},
		{"jobServiceAccount", NextExecution, text(&c.JobServiceAccount, "", dnsSubdomain).absentIs("the template's, else `default`"),
			"the job pods' service account"},
		{"jobImagePullSecrets", NextExecution, secrets(&c.JobImagePullSecrets).absentIs("none"),
			"list of `{name: ...}`, added to the template's. Alias: `imagePullSecrets`"},
		{"imagePullSecrets", "", secretsAlias(&c.JobImagePullSecrets), "another name of jobImagePullSecrets"},
		{"jobNodeSelector", NextExecution, nodeSelector(&c.JobNodeSelector).absentIs("all nodes"),
			"labels of nodes that [take part](#which-nodes-take-part)"},
		{"runOnUnscheduledNodes", NextExecution, boolean(&c.RunOnUnscheduledNodes),
			"run on cordoned nodes too; the pods tolerate `node.kubernetes.io/unschedulable`"},
		{"tolerateNoExecute", NextExecution, boolean(&c.TolerateNoExecute), "run on nodes that are [`NodeTainted`](#which-nodes-take-part) too; the pods tolerate their taints"},
		{"cronExpression", AtOnce, quotedText(&c.CronExpression).absentIs("required"), "when executions start"},
		{"timeZone", AtOnce, quotedText(&c.TimeZone).absentIs("`UTC`"), "time zone of `cronExpression`, such as `Europe/Zurich`"},
		{"startingDeadline", AtOnce, duration(&c.StartingDeadline, 0, 0, maxDuration).absentIs("one period, at most `1h`"),
			"how late an execution may start if no leader could start it on time; any later, its tick is missed"},
		{"runOnStartup", NextStart, boolean(&c.RunOnStartup), "also start an execution at startup: one for all replicas that start together"},
		{"startupDelay", NextStart, durationOrNanoseconds(&c.StartupDelay, 10*time.Second, 0, maxDuration),
			"delay of the `runOnStartup` execution. With less, first callbacks may be refused: nodes learn the new endpoint late"},
		{"podPoolSize", NextExecution, number(&c.PodPoolSize, 10, 1, 1_000), "[node tasks](glossary.md) in flight at once, 1 to 1000"},
		{"startDeadline", NextExecution, duration(&c.StartDeadline, 10*time.Minute, time.Second, maxDuration),
			"time for a pod to start all containers, the run of its init containers excluded; then the node task fails with the pod's reason"},
		{"jobTimeout", NextExecution, duration(&c.JobTimeout, time.Hour, time.Second, maxDuration),
			"time for a pod once the kubelet has accepted it, image pulls included. A pod that exceeds it keeps its slot for its grace period, and at most a minute more"},
		{"backoffLimit", NextExecution, number(&c.BackoffLimit, 0, 0, 10),
			"replacements of a failed pod on its node; with `0`, nothing runs twice"},
		{"reportDirectory", Restart, reportDirectory(&c.ReportDirectory),
			"where reports are stored, with room for `reportHistory` executions; `REPORT_DIRECTORY` overrides it"},
		{"reportHistory", AtOnce, number(&c.ReportHistory, 30, 1, 10_000), "executions that keep their report, gauges and record"},
		{"jobHistory", AtOnce, number(&c.JobHistory, 3, 1, 1_000), "closed executions that keep their Jobs, for `kubectl`"},
		{"savePodLog", NextExecution, boolean(&c.SavePodLog), "save the logs of all containers and init containers, at most 16 MiB each"},
		{"result", NextExecution, word(&c.Result, ResultByGauges, ResultExpected, ResultOptional).absentIs("by the gauges"),
			"whether a node [must send a result](callbacks.md#without-a-result): `Expected`, `Optional`, or empty: `Expected` if `metrics.gauges` are configured"},
		{"callbackServiceName", Restart, callbackService(&c.CallbackServiceName).absentIs("required unless `POD_IP` is set"),
			"Service that job pods report to, for port 8090 of the controller"},
		{"callbackServicePort", Restart, callbackPort(&c.CallbackServicePort), "port of the callback Service"},
		{"callback", "", object(keysOfCallback(&c.Callback)...), "how job pods report"},
		{"reports", "", object(keysOfReports(&c.Reports)...), "who may look at the reports, and how"},
		{"latestMetricsLabel", AtOnce, boolean(&c.LatestMetricsLabel), "also export each node's newest values with `executionID=\"latest\"`"},
		{"metrics", "", object(keysOfMetrics(&c.Metrics)...), "what results become"},
		{"custom", NextExecution, freeForm(&c.Custom).absentIs("none"), "free-form, for [extensions](extensions.md)"},
		{"leaderElectionResourceLock", "", resourceLock().absentIs("`leases`"), "for compatibility: the controller always uses a Lease"},
		{"healthProbePort", "", fixedPort(healthPort), "only for compatibility: the port is 9152"},
	}
}

func keysOfCallback(c *Callback) []key {
	return []key{
		{"auth", Restart, word(&c.Auth, execution.TokenAuth, execution.ServiceAccountTokenAuth, execution.NoAuth),
			"how pods [authenticate](callbacks.md#who-may-report): `token`, `serviceAccountToken` or `none`"},
		{"tokensPerSecret", NextExecution, number(&c.TokensPerSecret, 50, 1, 1_000),
			"nodes whose tokens share a Secret, 1 to 1000. Root on one can [report for the others](../SECURITY.md#threats-and-defenses); `1` prevents that, but costs a request per node"},
		{"limits", "", object(keysOfLimits(&c.Limits)...).absentIs("see [below](#limits)"), "limits on what pods send"},
		{"tls", Restart, word(&c.TLS.Mode, TLSOff, TLSSelfSigned, TLSSecret), "[TLS](tls.md) on the callback port: `off`, `selfSigned` or `secret`"},
		{"tlsSecret", Restart, text(&c.TLS.Secret, "", dnsSubdomain).absentIs("required with `secret`"),
			"Secret with `tls.crt`, `tls.key` and, optionally, `ca.crt`"},
	}
}

func keysOfReports(r *Reports) []key {
	return []key{
		{"auth", Restart, word(&r.Auth, ReportsNoAuth, ReportsServiceAccountToken),
			"[who may read reports](reports.md#who-may-look): `none` (every client) or `serviceAccountToken`"},
		{"tls", Restart, word(&r.TLS.Mode, TLSOff, TLSSelfSigned, TLSSecret), "TLS on the report port: `off`, `selfSigned` or `secret`"},
		{"tlsSecret", Restart, text(&r.TLS.Secret, "", dnsSubdomain).absentIs("required with `secret`"), "as `callback.tlsSecret`"},
	}
}

func keysOfMetrics(m *Metrics) []key {
	return []key{
		{"prefix", Restart, text(&m.Prefix, "", metricPrefix.required("must be set: every metric begins with it")),
			"first part of every gauge's name"},
		{"gauges", NextExecution, gauges(&m.Gauges).absentIs("none"),
			"gauges that results may set, each with `help` and `labels`; `node` and `executionID` are added"},
		{"port", "", fixedPort(metricsPort), "only for compatibility: the port is 9153"},
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
	var add func(prefix string, keys []key)
	add = func(prefix string, keys []key) {
		for _, k := range keys {
			if k.applies != "" {
				all = append(all, setting{prefix + k.name, k.applies, k.value.target})
			}
			add(prefix+k.name+".", k.value.keys)
		}
	}
	add("", keys(c))
	return append(all, setting{PodTemplateKey, NextExecution, &c.PodTemplate})
}
