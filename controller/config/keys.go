package config

import (
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// A key is one that a mapping of config.yaml may have. This declaration is the
// only one: decoding and reloading go by it, docs/config.schema.json is written
// from it, and the tables of docs/configuration.md are compared with it.
type key struct {
	name    string
	applies ReloadPolicy // empty: of a mapping of other keys, or of a key without effect
	value   value
	help    string // in Markdown
}

// keys returns the keys of config.yaml, which are read into c. Keys that have to
// agree with each other, such as the Service's name and port, share a policy.
func keys(c *Config) []key {
	return []key{
		{"name", Restart, text(&c.Name, "", dnsLabel.required("must be set: every object in the cluster begins with it")),
			"name of the controller; a DNS label. Jobs are named `<name>-<executionID>-<hash of the node's name>`"},
		{"jobServiceAccount", NextExecution, text(&c.JobServiceAccount, "", dnsSubdomain).absentIs("the template's, else `default`"),
			"service account of the job pods"},
		{"jobImagePullSecrets", NextExecution, secrets(&c.JobImagePullSecrets).absentIs("none"),
			"list of `{name: ...}`, added to the template's. `imagePullSecrets` is an alias"},
		{"imagePullSecrets", "", secretsAlias(&c.JobImagePullSecrets), "another name of jobImagePullSecrets"},
		{"jobNodeSelector", NextExecution, nodeSelector(&c.JobNodeSelector).absentIs("all nodes"),
			"labels that a node must have to [take part](#which-nodes-take-part). The pod template can exclude more nodes"},
		{"runOnUnscheduledNodes", NextExecution, boolean(&c.RunOnUnscheduledNodes),
			"also run on cordoned nodes; the pods then tolerate `node.kubernetes.io/unschedulable`"},
		{"tolerateNoExecute", NextExecution, boolean(&c.TolerateNoExecute), "also run on nodes with `NoExecute` taints; the pods then tolerate them"},
		{"cronExpression", AtOnce, quotedText(&c.CronExpression).absentIs("required"), "when an execution starts"},
		{"timeZone", AtOnce, quotedText(&c.TimeZone).absentIs("`UTC`"), "time zone of the expression, such as `Europe/Zurich`"},
		{"startingDeadline", AtOnce, duration(&c.StartingDeadline, 0, 0, maxDuration).absentIs("one period, at most `1h`"),
			"how late an execution may start if there was no leader at its time, or the leader could not start it. After that, its tick is missed"},
		{"runOnStartup", NextStart, boolean(&c.RunOnStartup), "also run when the controller starts. Replicas that start together run one execution"},
		{"startupDelay", NextStart, durationOrNanoseconds(&c.StartupDelay, 10*time.Second, 0, maxDuration),
			"delay of the `runOnStartup` execution. If it is shorter, the network may refuse the first callbacks: some nodes may lack the Service's new endpoint"},
		{"podPoolSize", NextExecution, number(&c.PodPoolSize, 10, 1, 1_000), "how many node tasks are in flight at once, 1 to 1000"},
		{"startDeadline", NextExecution, duration(&c.StartDeadline, 10*time.Minute, time.Second, maxDuration),
			"how long a pod may take to start all containers, not counting the work of its init containers. Then the node task fails with the pod's own reason"},
		{"jobTimeout", NextExecution, duration(&c.JobTimeout, time.Hour, time.Second, maxDuration),
			"how long a pod may take once the kubelet has accepted it, image pulls included. It then has its `terminationGracePeriodSeconds` to end, and keeps its slot meanwhile"},
		{"backoffLimit", NextExecution, number(&c.BackoffLimit, 0, 0, 10),
			"how often a failed pod is replaced on its node. With `0` nothing runs twice"},
		{"reportDirectory", Restart, reportDirectory(&c.ReportDirectory),
			"where reports are stored; `REPORT_DIRECTORY` overrides it. It needs room for `reportHistory` executions"},
		{"reportHistory", AtOnce, number(&c.ReportHistory, 30, 1, 10_000), "how many executions are kept: reports, gauges and records"},
		{"jobHistory", AtOnce, number(&c.JobHistory, 3, 1, 1_000), "how many closed executions keep their Jobs, for `kubectl`"},
		{"savePodLog", NextExecution, boolean(&c.SavePodLog), "save the log of every container and init container, at most 16 MiB each"},
		{"result", NextExecution, word(&c.Result, ResultByGauges, ResultExpected, ResultOptional).absentIs("by the gauges"),
			"whether a node [must send a result](callbacks.md#without-a-result). `Expected`: always. `Optional`: never. Empty: if `metrics.gauges` are configured"},
		{"callbackServiceName", Restart, callbackService(&c.CallbackServiceName).absentIs("required unless `POD_IP` is set"),
			"Service that job pods report to"},
		{"callbackServicePort", Restart, callbackPort(&c.CallbackServicePort), "port of the callback Service"},
		{"callback", "", object(keysOfCallback(&c.Callback)...), "how job pods report"},
		{"reports", "", object(keysOfReports(&c.Reports)...), "who may look at the reports, and how"},
		{"latestMetricsLabel", AtOnce, boolean(&c.LatestMetricsLabel), "also export each node's newest values with `executionID=\"latest\"`"},
		{"metrics", "", object(keysOfMetrics(&c.Metrics)...), "what results become"},
		{"custom", NextExecution, freeForm(&c.Custom).absentIs("none"), "free-form, for [extensions](extensions.md)"},
		{"leaderElectionResourceLock", "", resourceLock().absentIs("`leases`"), "only for compatibility: the controller always uses a Lease"},
		{"healthProbePort", "", fixedPort(healthPort), "only for compatibility: the port is 9152"},
	}
}

func keysOfCallback(c *Callback) []key {
	return []key{
		{"auth", Restart, word(&c.Auth, execution.TokenAuth, execution.ServiceAccountTokenAuth, execution.NoAuth),
			"how pods [authenticate](callbacks.md#who-may-report): `token`, `serviceAccountToken` or `none`"},
		{"tokensPerSecret", NextExecution, number(&c.TokensPerSecret, 50, 1, 1_000),
			"how many nodes' tokens share a Secret, 1 to 1000. A kubelet may read its pods' Secrets, so the owner of a node can report for the others in its Secret. `1` prevents that, for one more request per node"},
		{"limits", "", object(keysOfLimits(&c.Limits)...).absentIs("see [below](#limits)"), "limits on what pods send: sizes, counts, rates"},
		{"tls", Restart, word(&c.TLS.Mode, TLSOff, TLSSelfSigned, TLSSecret), "[TLS](tls.md) on the callback port: `off`, `selfSigned` or `secret`"},
		{"tlsSecret", Restart, text(&c.TLS.Secret, "", dnsSubdomain).absentIs("required with `secret`"),
			"the Secret with `tls.crt`, `tls.key` and, optionally, `ca.crt`"},
	}
}

func keysOfReports(r *Reports) []key {
	return []key{
		{"auth", Restart, word(&r.Auth, ReportsNoAuth, ReportsServiceAccountToken),
			"[who may read reports](reports.md#who-may-look). `none`: every client. `serviceAccountToken`: clients with a bearer token that the API server authorizes"},
		{"tls", Restart, word(&r.TLS.Mode, TLSOff, TLSSelfSigned, TLSSecret), "[TLS](tls.md) on the report port: `off`, `selfSigned` or `secret`"},
		{"tlsSecret", Restart, text(&r.TLS.Secret, "", dnsSubdomain).absentIs("required with `secret`"), "its Secret"},
	}
}

func keysOfMetrics(m *Metrics) []key {
	return []key{
		{"prefix", Restart, text(&m.Prefix, "", metricPrefix.required("must be set: every metric begins with it")),
			"first part of the name of every gauge"},
		{"gauges", NextExecution, gauges(&m.Gauges).absentIs("none"),
			"the gauges that results may set, each with `help` and `labels`. `node` and `executionID` are added"},
		{"port", "", fixedPort(metricsPort), "only for compatibility: the port is 9153"},
	}
}

// A setting is a part of a Config that a change of the ConfigMap can reach.
type setting struct {
	path    string
	applies ReloadPolicy
	target  any // a pointer to it
}

// settings returns those of a configuration, by the paths of their keys.
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
