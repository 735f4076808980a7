package config

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/batch-job-controller/batch-job-controller/controller/config/document"
)

// refusedText is an invalid config.yaml.
type refusedText struct {
	text     string // added to what every configuration must have
	whole    string // instead of it
	wantPath string
	wantSays string
}

func (r refusedText) document() string {
	if r.whole != "" {
		return r.whole
	}
	return withDefaults(r.text)
}

func refusedTexts() map[string]refusedText {
	bomb := "custom:\n  a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
	for i := range 12 {
		bomb += fmt.Sprintf("  a%d: &a%d [%s]\n", i+1, i+1, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i), 9), ", "))
	}
	wideBomb := "custom:\n  a: &a " + strings.Repeat("x", 100_000) + "\n  b: [" + strings.Repeat("*a, ", 20) + "1]\n"

	return map[string]refusedText{
		"C02 null":                               {whole: "null", wantPath: "config.yaml", wantSays: "is empty"},
		"C02 an empty file":                      {whole: "\n", wantPath: "config.yaml", wantSays: "is empty"},
		"C02 only comments":                      {whole: "# name: x\n", wantPath: "config.yaml", wantSays: "is empty"},
		"C02 an empty mapping":                   {whole: "{}", wantPath: "config.yaml", wantSays: "is empty"},
		"C03 a list":                             {whole: "[]", wantPath: "config.yaml", wantSays: "is a list: must be a mapping"},
		"C03 a scalar":                           {whole: "hello", wantPath: "config.yaml", wantSays: "is text: must be a mapping"},
		"C03 a number":                           {whole: "5", wantPath: "config.yaml", wantSays: "is a number"},
		"C03 a truth value":                      {whole: "true", wantPath: "config.yaml", wantSays: "is true or false"},
		"C04 a tab as indentation":               {text: "custom:\n\ta: 1\n", wantPath: "config.yaml", wantSays: "line 5: is indented with a tab"},
		"C04 a syntax error":                     {text: "custom: [a\n", wantPath: "config.yaml", wantSays: "line "},
		"C05 a second document":                  {text: "---\nname: second\n", wantPath: "config.yaml", wantSays: "a second document"},
		"C05 a second document after its end":    {text: "...\nname: second\n", wantPath: "config.yaml", wantSays: "something follows the document"},
		"C06 a duplicate key":                    {text: "name: a\nname: b\n", wantPath: "config.yaml", wantSays: `line 4: key "name" already set`},
		"C06 a duplicate nested key":             {text: "custom:\n  a: 1\n  a: 2\n", wantPath: "config.yaml", wantSays: `key "a" already set`},
		"C07 an unknown key":                     {text: "noSuchKey: 1\n", wantPath: "noSuchKey", wantSays: "unknown key"},
		"C07 a misspelt key":                     {text: "podPolSize: 1\n", wantPath: "podPolSize", wantSays: `did you mean "podPoolSize"?`},
		"C07 a key in the wrong case":            {text: "podpoolsize: 9\n", wantPath: "podpoolsize", wantSays: `did you mean "podPoolSize"?`},
		"C07 an unknown nested key":              {text: "metrics:\n  prefix: a\n  gauges:\n    g: {lables: [a]}\n", wantPath: "metrics.gauges[g].lables", wantSays: `did you mean "labels"?`},
		"C07 an unknown key among few":           {text: "metrics: {prefix: a, something: 1}\n", wantPath: "metrics.something", wantSays: "must be one of gauges, port, prefix"},
		"C08 both keys of the pull secrets":      {text: "jobImagePullSecrets: [{name: a}]\nimagePullSecrets: [{name: b}]\n", wantPath: "imagePullSecrets", wantSays: "jobImagePullSecrets"},
		"C08 a pull secret that is no mapping":   {text: "jobImagePullSecrets: [a]\n", wantPath: "jobImagePullSecrets[0]", wantSays: `name: my-secret`},
		"C08 a pull secret without a name":       {text: "jobImagePullSecrets: [{}]\n", wantPath: "jobImagePullSecrets[0].name", wantSays: "name of a Secret"},
		"C08 pull secrets that are no list":      {text: "jobImagePullSecrets: {name: a}\n", wantPath: "jobImagePullSecrets", wantSays: "must be a list"},
		"C09 an alias bomb":                      {text: bomb, wantPath: "config.yaml", wantSays: "expand"},
		"C09 an alias bomb of one long text":     {text: wideBomb, wantPath: "config.yaml", wantSays: "expand"},
		"C09 an alias that contains itself":      {text: "custom: &a [*a]\n", wantPath: "config.yaml", wantSays: "expand"},
		"C09 an alias of nothing":                {text: "custom: *a\n", wantPath: "config.yaml", wantSays: "unknown anchor"},
		"C09 a file that is too long":            {text: "# " + strings.Repeat("x", document.MaxSize), wantPath: "config.yaml", wantSays: "262144"},
		"C10 UTF-16":                             {whole: "\xff\xfen\x00a\x00", wantPath: "config.yaml", wantSays: "UTF-8"},
		"C10 a NUL byte":                         {text: "custom: {a: \"\x00\"}\n", wantPath: "config.yaml", wantSays: "line 4 holds a NUL"},
		"C10 invalid UTF-8":                      {text: "custom: {a: \"\xff\"}\n", wantPath: "config.yaml", wantSays: "UTF-8"},
		"C10 not a number":                       {text: "custom: {a: .nan}\n", wantPath: "config.yaml", wantSays: "NaN"},
		"C11 an empty name":                      {text: `name: ""`, wantPath: "name", wantSays: "must be set"},
		"C11 no name":                            {whole: `cronExpression: "42 3 * * *"`, wantPath: "name", wantSays: "must be set"},
		"C12 a name with capitals":               {text: "name: Foo_Bar", wantPath: "name", wantSays: `"Foo_Bar"`},
		"C12 a name that begins with a dash":     {text: "name: -x", wantPath: "name", wantSays: "alphanumeric"},
		"C12 a name of 64 characters":            {text: "name: " + strings.Repeat("x", 64), wantPath: "name", wantSays: "63"},
		"C12 an emoji as a name":                 {text: "name: 🚀", wantPath: "name", wantSays: "alphanumeric"},
		"C12 a list as a name":                   {text: "name: [a]", wantPath: "name", wantSays: "is a list: must be text"},
		"C13 no pool":                            {text: "podPoolSize: 0", wantPath: "podPoolSize", wantSays: "0: must be a whole number from 1 to 1000"},
		"C13 a negative pool":                    {text: "podPoolSize: -5", wantPath: "podPoolSize", wantSays: "-5: must be"},
		"C14 a pool in quotes":                   {text: `podPoolSize: "10"`, wantPath: "podPoolSize", wantSays: `"10": is text: must be a whole number from 1 to 1000, without quotes`},
		"C14 half a pool":                        {text: "podPoolSize: 1.5", wantPath: "podPoolSize", wantSays: "1.5: must be"},
		"C14 a pool beyond integers":             {text: "podPoolSize: 100000000000000000000", wantPath: "podPoolSize", wantSays: "from 1 to 1000"},
		"C14 a pool that is true":                {text: "podPoolSize: true", wantPath: "podPoolSize", wantSays: "is true or false"},
		"C15 a huge pool":                        {text: "podPoolSize: 100000", wantPath: "podPoolSize", wantSays: "1000"},
		"C16 no history":                         {text: "reportHistory: 0", wantPath: "reportHistory", wantSays: "from 1 to 10000"},
		"C16 a negative history":                 {text: "reportHistory: -1", wantPath: "reportHistory", wantSays: "from 1 to 10000"},
		"C16 a huge history":                     {text: "reportHistory: 1000000000", wantPath: "reportHistory", wantSays: "from 1 to 10000"},
		"C16 no history of jobs":                 {text: "jobHistory: 0", wantPath: "jobHistory", wantSays: "from 1 to 1000"},
		"C16 too many retries":                   {text: "backoffLimit: 11", wantPath: "backoffLimit", wantSays: "from 0 to 10"},
		"a cap that is negative":                 {text: "maxPods: -1", wantPath: "maxPods", wantSays: "-1: must be a whole number from 0 to 10000"},
		"a huge cap":                             {text: "maxPods: 10001", wantPath: "maxPods", wantSays: "from 0 to 10000"},
		"C17 an empty report directory":          {text: `reportDirectory: ""`, wantPath: "reportDirectory", wantSays: "absolute"},
		"C17 a relative report directory":        {text: "reportDirectory: reports", wantPath: "reportDirectory", wantSays: "absolute"},
		"C17 the root as report directory":       {text: "reportDirectory: /", wantPath: "reportDirectory", wantSays: "not one of the system"},
		"C17 /etc as report directory":           {text: "reportDirectory: /etc", wantPath: "reportDirectory", wantSays: "not one of the system"},
		"C17 /proc as report directory":          {text: "reportDirectory: /proc/self", wantPath: "reportDirectory", wantSays: "not one of the system"},
		"C17 /usr by a detour":                   {text: "reportDirectory: /var/www/../../usr/", wantPath: "reportDirectory", wantSays: "not one of the system"},
		"C18 an empty cron expression":           {text: `cronExpression: ""`, wantPath: "cronExpression", wantSays: "must not be empty"},
		"C18 no cron expression":                 {whole: "name: x", wantPath: "cronExpression", wantSays: "must not be empty"},
		"C19 six fields":                         {text: `cronExpression: "* * * * * *"`, wantPath: "cronExpression", wantSays: "5 fields"},
		"C19 four fields":                        {text: `cronExpression: "* * * *"`, wantPath: "cronExpression", wantSays: "5 fields"},
		"C20 minute 60":                          {text: `cronExpression: "60 * * * *"`, wantPath: "cronExpression", wantSays: "60"},
		"C20 weekday 8":                          {text: `cronExpression: "0 0 * * 8"`, wantPath: "cronExpression", wantSays: "8"},
		"C20 a range that goes back":             {text: `cronExpression: "5-1 * * * *"`, wantPath: "cronExpression", wantSays: "5-1"},
		"C20 steps of 0":                         {text: `cronExpression: "*/0 * * * *"`, wantPath: "cronExpression", wantSays: "step"},
		"C21 @reboot":                            {text: `cronExpression: "@reboot"`, wantPath: "cronExpression", wantSays: "@reboot"},
		"C22 every second":                       {text: `cronExpression: "@every 1s"`, wantPath: "cronExpression", wantSays: "at least 1m0s"},
		"C22 every 0 seconds":                    {text: `cronExpression: "@every 0s"`, wantPath: "cronExpression", wantSays: "at least 1m0s"},
		"C22 every -5 seconds":                   {text: `cronExpression: "@every -5s"`, wantPath: "cronExpression", wantSays: "at least 1m0s"},
		"C23 the 31st of February":               {text: `cronExpression: "0 0 31 2 *"`, wantPath: "cronExpression", wantSays: "never fires"},
		"C24 TZ=":                                {text: `cronExpression: "TZ="`, wantPath: "cronExpression", wantSays: "TZ="},
		"C24 TZ=0":                               {text: `cronExpression: "TZ=0"`, wantPath: "cronExpression", wantSays: "TZ=0"},
		"C24 TZ= without a zone":                 {text: `cronExpression: "TZ= * * * * *"`, wantPath: "cronExpression", wantSays: "must name a zone"},
		"C25 an unknown zone before the fields":  {text: `cronExpression: "TZ=Nowhere/X 0 0 * * *"`, wantPath: "cronExpression", wantSays: "Nowhere/X"},
		"C25 a zone in both places":              {text: "cronExpression: \"CRON_TZ=UTC 0 0 * * *\"\ntimeZone: UTC", wantPath: "cronExpression", wantSays: "only one"},
		"C26 a zone on Mars":                     {text: "timeZone: Mars/Base", wantPath: "timeZone", wantSays: "Mars/Base"},
		"C26 the local zone":                     {text: "timeZone: Local", wantPath: "timeZone", wantSays: "IANA"},
		"C26 a zone that is a number":            {text: "timeZone: 2", wantPath: "timeZone", wantSays: "is a number: must be text"},
		"C27 a number as cron expression":        {text: "cronExpression: 5", wantPath: "cronExpression", wantSays: "5: is a number: must be text in quotes"},
		"C29 a quoted number as duration":        {text: `startupDelay: "10"`, wantPath: "startupDelay", wantSays: "such as 10s"},
		"C29 half a second without a unit":       {text: "startupDelay: 1.5", wantPath: "startupDelay", wantSays: "such as 10s"},
		"C29 a list as duration":                 {text: "startupDelay: [10s]", wantPath: "startupDelay", wantSays: "is a list"},
		"C30 a negative duration":                {text: "startupDelay: -5s", wantPath: "startupDelay", wantSays: `"-5s": must be a duration from 0s to 1000h0m0s`},
		"C30 a negative number as duration":      {text: "startupDelay: -5", wantPath: "startupDelay", wantSays: "must be a duration"},
		"C30 a huge duration":                    {text: "startupDelay: 10000h", wantPath: "startupDelay", wantSays: "1000h0m0s"},
		"C30 a huge number as duration":          {text: "jobTimeout: 36000000", wantPath: "jobTimeout", wantSays: "1000h0m0s"},
		"C30 no time to start":                   {text: "startDeadline: 0s", wantPath: "startDeadline", wantSays: "from 1s"},
		"C30 no time to run":                     {text: "jobTimeout: 0", wantPath: "jobTimeout", wantSays: "from 1s"},
		"C31 a list as node selector":            {text: "jobNodeSelector: [a]", wantPath: "jobNodeSelector", wantSays: "is a list: must be a mapping"},
		"C31 a node selector of lists":           {text: "jobNodeSelector: {a: [b]}", wantPath: "jobNodeSelector[a]", wantSays: "is a list: must be text"},
		"C32 a node selector with a space":       {text: `jobNodeSelector: {"a b": c}`, wantPath: "jobNodeSelector[a b]", wantSays: "alphanumeric"},
		"C32 a long value in the node selector":  {text: "jobNodeSelector: {a: " + strings.Repeat("x", 64) + "}", wantPath: "jobNodeSelector[a]", wantSays: "63"},
		"C34 port 0":                             {text: "callbackServicePort: 0", wantPath: "callbackServicePort", wantSays: "from 1 to 65535"},
		"C34 a negative port":                    {text: "callbackServicePort: -1", wantPath: "callbackServicePort", wantSays: "from 1 to 65535"},
		"C34 port 70000":                         {text: "callbackServicePort: 70000", wantPath: "callbackServicePort", wantSays: "from 1 to 65535"},
		"C34 a port that is taken":               {text: "callbackServicePort: 9153", wantPath: "callbackServicePort", wantSays: "is taken"},
		"C34 another port for health":            {text: "healthProbePort: 9000", wantPath: "healthProbePort", wantSays: "must be 9152"},
		"C34 another port for metrics":           {text: "metrics: {prefix: a, port: 9000}", wantPath: "metrics.port", wantSays: "must be 9153"},
		"C36 a URL as callback service":          {text: "callbackServiceName: evil.example.com/x?", wantPath: "callbackServiceName", wantSays: "RFC 1123 label"},
		"C38 an unknown lock":                    {text: "leaderElectionResourceLock: secrets", wantPath: "leaderElectionResourceLock", wantSays: `"leases"`},
		"C39 no prefix":                          {whole: "name: x", wantPath: "metrics.prefix", wantSays: "must be set"},
		"C61 a prefix of Go's metrics":           {text: "metrics: {prefix: go}", wantPath: "metrics.prefix", wantSays: "begin with go_"},
		"C61 a part of a histogram of our own":   {text: "metrics: {prefix: batch_job_controller, gauges: {slot_refill_seconds_sum: {}}}", wantPath: "metrics.gauges[slot_refill_seconds_sum]", wantSays: "of the controller itself"},
		"C61 a gauge that is a library's":        {text: "metrics: {prefix: rest, gauges: {client_requests_total: {}}}", wantPath: "metrics.gauges[client_requests_total]", wantSays: "rest_client_requests_total"},
		"C61 a gauge that is our own":            {text: "metrics: {prefix: batch_job, gauges: {controller_leader: {}}}", wantPath: "metrics.gauges[controller_leader]", wantSays: "batch_job_controller_leader"},
		"C61 a gauge that is our information":    {text: "metrics: {prefix: com_github, gauges: {bakito_batch_job_controller: {}}}", wantPath: "metrics.gauges[bakito_batch_job_controller]", wantSays: "must be another"},
		"C39 an empty prefix":                    {text: `metrics: {prefix: ""}`, wantPath: "metrics.prefix", wantSays: "must be set"},
		"C39 a prefix that begins with a digit":  {text: "metrics: {prefix: 1a}", wantPath: "metrics.prefix", wantSays: "not begin with a digit"},
		"C39 a prefix with a space":              {text: "metrics: {prefix: a b}", wantPath: "metrics.prefix", wantSays: `"a b"`},
		"C39 a prefix with a dash":               {text: "metrics: {prefix: a-b}", wantPath: "metrics.prefix", wantSays: "underscores"},
		"C39 a prefix beyond ASCII":              {text: "metrics: {prefix: größe}", wantPath: "metrics.prefix", wantSays: "letters"},
		"C39 metrics that are a list":            {text: "metrics: [a]", wantPath: "metrics", wantSays: "is a list: must be a mapping"},
		"C40 the gauge processing":               {text: "metrics: {prefix: a, gauges: {processing: {}}}", wantPath: "metrics.gauges[processing]", wantSays: "reserved"},
		"C40 the gauge duration":                 {text: "metrics: {prefix: a, gauges: {duration: {}}}", wantPath: "metrics.gauges[duration]", wantSays: "reserved"},
		"C40 the gauge pods":                     {text: "metrics: {prefix: a, gauges: {pods: {}}}", wantPath: "metrics.gauges[pods]", wantSays: "reserved"},
		"C40 the gauge current_execution_id":     {text: "metrics: {prefix: a, gauges: {current_execution_id: {}}}", wantPath: "metrics.gauges[current_execution_id]", wantSays: "reserved"},
		"C41 a gauge without a name":             {text: `metrics: {prefix: a, gauges: {"": {}}}`, wantPath: "metrics.gauges[]", wantSays: "must consist of letters"},
		"C41 a gauge with a space":               {text: "metrics: {prefix: a, gauges: {a b: {}}}", wantPath: "metrics.gauges[a b]", wantSays: "must consist of letters"},
		"C42 a label twice":                      {text: "metrics: {prefix: a, gauges: {g: {labels: [l, l]}}}", wantPath: "metrics.gauges[g].labels[1]", wantSays: "Duplicate"},
		"C43 the label __name__":                 {text: "metrics: {prefix: a, gauges: {g: {labels: [__name__]}}}", wantPath: "metrics.gauges[g].labels[0]", wantSays: "two underscores"},
		"C43 an empty label":                     {text: `metrics: {prefix: a, gauges: {g: {labels: [a, ""]}}}`, wantPath: "metrics.gauges[g].labels[1]", wantSays: "letters, digits"},
		"C43 a label with a dash":                {text: "metrics: {prefix: a, gauges: {g: {labels: [a-b]}}}", wantPath: "metrics.gauges[g].labels[0]", wantSays: `"a-b"`},
		"C43 a label that begins with a digit":   {text: "metrics: {prefix: a, gauges: {g: {labels: [1x]}}}", wantPath: "metrics.gauges[g].labels[0]", wantSays: "not begin with a digit"},
		"C43 labels that are a text":             {text: "metrics: {prefix: a, gauges: {g: {labels: a}}}", wantPath: "metrics.gauges[g].labels", wantSays: "must be a list"},
		"C45 eleven labels":                      {text: "metrics: {prefix: a, gauges: {g: {labels: [" + many(11, "l%d, ") + "]}}}", wantPath: "metrics.gauges[g].labels", wantSays: "10"},
		"C45 201 gauges":                         {text: "metrics: {prefix: a, gauges: {" + many(201, "g%d: {}, ") + "}}", wantPath: "metrics.gauges", wantSays: "200"},
		"C46 a gauge that is null":               {text: "metrics: {prefix: a, gauges: {g: }}", wantPath: "metrics.gauges[g]", wantSays: "must be a mapping"},
		"C46 a gauge that is a text":             {text: "metrics: {prefix: a, gauges: {g: help}}", wantPath: "metrics.gauges[g]", wantSays: "must be a mapping"},
		"C47 yes in quotes":                      {text: `latestMetricsLabel: "yes"`, wantPath: "latestMetricsLabel", wantSays: "must be true or false, without quotes"},
		"a service account that is no name":      {text: "jobServiceAccount: a/b", wantPath: "jobServiceAccount", wantSays: "a/b"},
		"custom properties that are a list":      {text: "custom: [a]", wantPath: "custom", wantSays: "is a list: must be a mapping"},
		"65 pull secrets":                        {text: "jobImagePullSecrets: [" + many(65, "{name: n%d}, ") + "]", wantPath: "jobImagePullSecrets", wantSays: "must have at most 64, as the NodeCronJob"},
		"65 node labels":                         {text: "jobNodeSelector: {" + many(65, "n%d: x, ") + "}", wantPath: "jobNodeSelector", wantSays: "must have at most 64, as the NodeCronJob"},
		"a long help text":                       {text: "metrics: {prefix: a, gauges: {g: {help: " + strings.Repeat("x", 4097) + "}}}", wantPath: "metrics.gauges[g].help", wantSays: "has 4097 characters: must have at most 4096"},
		"custom properties with large aliases":   {text: "custom: {a: &a " + strings.Repeat("x", 100_000) + ", b: *a, c: *a}", wantPath: "custom", wantSays: "bytes as JSON: must have at most"},
		"a long wrong value is not quoted whole": {text: "podPoolSize: [" + many(100, "%d,") + "]", wantPath: "podPoolSize", wantSays: "…"},
	}
}

func TestDecodeRefuses(t *testing.T) {
	for name, tc := range refusedTexts() {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			c, _, err := decode(tc.document())
			if took := time.Since(start); took > time.Second {
				t.Errorf("took %s", took)
			}
			got := lines(t, err)
			if !hasLine(got, tc.wantPath, tc.wantSays) {
				t.Errorf("no problem at %q says %q:\n%s", tc.wantPath, tc.wantSays, strings.Join(got, "\n"))
			}
			if tc.whole == "" && len(got) != 1 {
				t.Errorf("want 1 problem, got:\n%s", strings.Join(got, "\n"))
			}
			if diff := cmp.Diff(Config{}, c); diff != "" {
				t.Errorf("a configuration comes with the error: %s", diff)
			}
		})
	}
}
