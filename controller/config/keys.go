package config

// Moment is from when on a change of a key applies, without a restart or with
// one.
type Moment string

// The moments.
const (
	// AtOnce is for what no execution keeps.
	AtOnce Moment = "at once"
	// NextExecution is for what an execution keeps from its beginning to its end:
	// one that is open goes on with what it began with.
	NextExecution Moment = "from the next execution on"
	// NextStart is for what only a start looks at: a change waits for it in the
	// nature of the key.
	NextStart Moment = "at the next start"
	// Restart is for what the process is built of.
	Restart Moment = "after a restart"
)

// key is a key of the ConfigMap.
type key struct {
	path  string
	when  Moment
	value any // a pointer to it
}

// keys is every key of a configuration, and from when on a change of it applies.
// Keys that have to agree with each other, such as the Service's name and port,
// share a moment.
func keys(c *Config) []key {
	return append([]key{
		{"name", Restart, &c.Name},
		{"jobServiceAccount", NextExecution, &c.JobServiceAccount},
		{"jobImagePullSecrets", NextExecution, &c.JobImagePullSecrets},
		{"jobNodeSelector", NextExecution, &c.JobNodeSelector},
		{"runOnUnscheduledNodes", NextExecution, &c.RunOnUnscheduledNodes},
		{"tolerateNoExecute", NextExecution, &c.TolerateNoExecute},
		{"cronExpression", AtOnce, &c.CronExpression},
		{"timeZone", AtOnce, &c.TimeZone},
		{"startingDeadline", AtOnce, &c.StartingDeadline},
		{"runOnStartup", NextStart, &c.RunOnStartup},
		{"startupDelay", NextStart, &c.StartupDelay},
		{"podPoolSize", NextExecution, &c.PodPoolSize},
		{"startDeadline", NextExecution, &c.StartDeadline},
		{"jobTimeout", NextExecution, &c.JobTimeout},
		{"backoffLimit", NextExecution, &c.BackoffLimit},
		{"reportDirectory", Restart, &c.ReportDirectory},
		{"reportHistory", AtOnce, &c.ReportHistory},
		{"jobHistory", AtOnce, &c.JobHistory},
		{"savePodLog", NextExecution, &c.SavePodLog},
		{"result", NextExecution, &c.Result},
		{"callbackServiceName", Restart, &c.CallbackServiceName},
		{"callbackServicePort", Restart, &c.CallbackServicePort},
		{"callback.auth", Restart, &c.Callback.Auth},
		{"callback.tokensPerSecret", NextExecution, &c.Callback.TokensPerSecret},
		{"callback.tls", Restart, &c.Callback.TLS.Mode},
		{"callback.tlsSecret", Restart, &c.Callback.TLS.Secret},
		{"reports.auth", Restart, &c.Reports.Auth},
		{"reports.tls", Restart, &c.Reports.TLS.Mode},
		{"reports.tlsSecret", Restart, &c.Reports.TLS.Secret},
		{"latestMetricsLabel", AtOnce, &c.LatestMetricsLabel},
		{"metrics.prefix", Restart, &c.Metrics.Prefix},
		{"metrics.gauges", NextExecution, &c.Metrics.Gauges},
		{"custom", NextExecution, &c.Custom},
		{PodTemplateKey, NextExecution, &c.PodTemplate},
	}, keysOfLimits(&c.Callback.Limits)...)
}

const limitsPath = "callback.limits."

// keysOfLimits are the keys below callback.limits. What an execution is measured by
// goes with the execution; the rest is what the server and the report store are
// built with.
func keysOfLimits(l *Limits) []key {
	return []key{
		{limitsPath + "resultSize", Restart, &l.ResultSize},
		{limitsPath + "eventSize", Restart, &l.EventSize},
		{limitsPath + "fileSize", Restart, &l.FileSize},
		{limitsPath + "uploadSize", Restart, &l.UploadSize},
		{limitsPath + "uploadParts", Restart, &l.UploadParts},
		{limitsPath + "headerLines", Restart, &l.HeaderLines},
		{limitsPath + "samplesPerResult", NextExecution, &l.SamplesPerResult},
		{limitsPath + "labelSets", NextExecution, &l.LabelSets},
		{limitsPath + "labelSize", NextExecution, &l.LabelSize},
		{limitsPath + "headerDeadline", Restart, &l.HeaderDeadline},
		{limitsPath + "bodyDeadline", Restart, &l.BodyDeadline},
		{limitsPath + "fileDeadline", Restart, &l.FileDeadline},
		{limitsPath + "fileRate", Restart, &l.FileRate},
		{limitsPath + "requestsPerTask", Restart, &l.RequestsPerTask},
		{limitsPath + "filesPerTask", NextExecution, &l.FilesPerTask},
		{limitsPath + "bytesPerTask", NextExecution, &l.BytesPerTask},
		{limitsPath + "resultsPerTask", NextExecution, &l.ResultsPerTask},
		{limitsPath + "eventsPerTask", NextExecution, &l.EventsPerTask},
		{limitsPath + "eventBurst", NextExecution, &l.EventBurst},
		{limitsPath + "eventInterval", NextExecution, &l.EventInterval},
		{limitsPath + "eventsPerSecond", NextExecution, &l.EventsPerSecond},
		{limitsPath + "bytesPerExecution", NextExecution, &l.BytesPerExecution},
		{limitsPath + "series", AtOnce, &l.Series},
		{limitsPath + "freeBytes", Restart, &l.FreeBytes},
		{limitsPath + "freePercent", Restart, &l.FreePercent},
		{limitsPath + "reserve", Restart, &l.Reserve},
		{limitsPath + "bodies", Restart, &l.Bodies},
		{limitsPath + "queue", Restart, &l.Queue},
		{limitsPath + "queueDeadline", Restart, &l.QueueDeadline},
		{limitsPath + "connections", Restart, &l.Connections},
		{limitsPath + "reportConnections", Restart, &l.ReportConnections},
	}
}
