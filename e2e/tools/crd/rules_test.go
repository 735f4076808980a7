package main

import (
	"fmt"
	"strings"
	"testing"
)

const minimalNodeCronJob = `
apiVersion: batch-job-controller.io/v1alpha1
kind: NodeCronJob
metadata: {name: check, namespace: default}
spec:
  cronExpression: "42 3 * * *"
  metrics: {prefix: check}
  podTemplate: "kind: Pod"
`

const minimalExecution = `
apiVersion: batch-job-controller.io/v1alpha1
kind: Execution
metadata: {name: check-now, namespace: default}
spec: {nodeCronJobName: check}
`

func TestNodeCronJobs(t *testing.T) {
	tests := map[string]struct {
		patch string
		want  string // empty: it is accepted
	}{
		"the smallest":                       {`{}`, ""},
		"a structured template instead":      {`{spec: {podTemplate: null, template: {spec: {containers: [{name: a, image: b}]}}}}`, ""},
		"both templates":                     {`{spec: {template: {spec: {containers: [{name: a, image: b}]}}}}`, "exactly one of template and podTemplate"},
		"no template":                        {`{spec: {podTemplate: null}}`, "exactly one of template and podTemplate"},
		"an empty textual template":          {`{spec: {podTemplate: ""}}`, "spec.podTemplate"},
		"a template with labels":             {`{spec: {podTemplate: null, template: {metadata: {labels: {a: b}, annotations: {c: d}}, spec: {containers: [{name: a}]}}}}`, ""},
		"a template with a misspelled field": {`{spec: {podTemplate: null, template: {spec: {containers: [{name: a, imege: b}]}}}}`, "unknown field spec.template.spec.containers[0].imege"},
		"a template of a wrong type":         {`{spec: {podTemplate: null, template: {spec: {containers: {name: a}}}}}`, "spec.template.spec.containers"},
		"a template with a container twice":  {`{spec: {podTemplate: null, template: {spec: {containers: [{name: a}, {name: a}]}}}}`, "Duplicate value"},
		"a name with a dot":                  {`{metadata: {name: a.b}}`, "must be a DNS label"},
		"the longest name":                   {fmt.Sprintf(`{metadata: {name: %s}}`, strings.Repeat("a", 63)), ""},
		"a name that is too long":            {fmt.Sprintf(`{metadata: {name: %s}}`, strings.Repeat("a", 64)), "must be a DNS label"},
		"no schedule":                        {`{spec: {cronExpression: null}}`, "spec.cronExpression: Required value"},
		"an empty schedule":                  {`{spec: {cronExpression: ""}}`, "spec.cronExpression"},
		"a schedule with a time zone":        {`{spec: {cronExpression: "CRON_TZ=UTC 42 3 * * *"}}`, "set timeZone"},
		"a schedule with TZ":                 {`{spec: {cronExpression: "TZ=UTC 42 3 * * *"}}`, "set timeZone"},
		"a misspelled key":                   {`{spec: {cronExpresion: a}}`, "unknown field spec.cronExpresion"},
		"a key of the controller":            {`{spec: {reportDirectory: /var/www}}`, "unknown field spec.reportDirectory"},
		"a policy":                           {`{spec: {concurrencyPolicy: Replace}}`, ""},
		"a policy of a CronJob":              {`{spec: {concurrencyPolicy: Allow}}`, `supported values: "Forbid", "Queue", "Replace"`},
		"the highest priority":               {`{spec: {priority: 1000}}`, ""},
		"a priority that is too high":        {`{spec: {priority: 1001}}`, "spec.priority"},
		"a priority that is too low":         {`{spec: {priority: -1001}}`, "spec.priority"},
		"a pool of none":                     {`{spec: {podPoolSize: 0}}`, "spec.podPoolSize"},
		"a pool that is too large":           {`{spec: {podPoolSize: 1001}}`, "spec.podPoolSize"},
		"a pool in quotes":                   {`{spec: {podPoolSize: "5"}}`, "spec.podPoolSize"},
		"too many replacements":              {`{spec: {backoffLimit: 11}}`, "spec.backoffLimit"},
		"no report history":                  {`{spec: {reportHistory: 0}}`, "spec.reportHistory"},
		"no Job history":                     {`{spec: {jobHistory: 0}}`, "spec.jobHistory"},
		"a compound duration":                {`{spec: {jobTimeout: 1h30m0.5s}}`, ""},
		"the longest duration":               {`{spec: {jobTimeout: 1000h}}`, ""},
		"a duration that is too long":        {`{spec: {jobTimeout: 1000h1s}}`, "must be from 1s to 1000h"},
		"a duration that is too short":       {`{spec: {startDeadline: 999ms}}`, "must be from 1s to 1000h"},
		"a duration without unit":            {`{spec: {startDeadline: "10"}}`, "spec.startDeadline"},
		"a duration as a number":             {`{spec: {startDeadline: 10}}`, "spec.startDeadline"},
		"a negative duration":                {`{spec: {startupDelay: -1s}}`, "spec.startupDelay"},
		"no delay":                           {`{spec: {startupDelay: 0s}}`, ""},
		"a starting deadline too long":       {`{spec: {startingDeadline: 1001h}}`, "must be at most 1000h"},
		"node labels":                        {`{spec: {jobNodeSelector: {example.com/pool: gpu, empty: ""}}}`, ""},
		"an impossible node label":           {`{spec: {jobNodeSelector: {pool: "g p u"}}}`, "spec.jobNodeSelector.pool"},
		"image pull Secrets":                 {`{spec: {jobImagePullSecrets: [{name: a}, {name: b}]}}`, ""},
		"an image pull Secret twice":         {`{spec: {jobImagePullSecrets: [{name: a}, {name: a}]}}`, "Duplicate value"},
		"an image pull Secret without name":  {`{spec: {jobImagePullSecrets: [{}]}}`, "each must have the name of a Secret"},
		"a result policy":                    {`{spec: {result: Optional}}`, ""},
		"an unknown result policy":           {`{spec: {result: Required}}`, `supported values: "Expected", "Optional"`},
		"no metrics prefix":                  {`{spec: {metrics: {prefix: null}}}`, "spec.metrics.prefix: Required value"},
		"a metrics prefix with a dash":       {`{spec: {metrics: {prefix: a-b}}}`, "spec.metrics.prefix"},
		"gauges":                             {`{spec: {metrics: {gauges: {disk_free: {help: Free bytes., labels: [device, _a]}, 1st: {}}}}}`, ""},
		"a gauge with a dash":                {`{spec: {metrics: {gauges: {disk-free: {}}}}}`, "the name of a gauge must consist of"},
		"a gauge of the controller":          {`{spec: {metrics: {gauges: {duration: {}}}}}`, "the controller itself sets"},
		"a label of Prometheus":              {`{spec: {metrics: {gauges: {a: {labels: [__name__]}}}}}`, "spec.metrics.gauges.a.labels[0]"},
		"a label twice":                      {`{spec: {metrics: {gauges: {a: {labels: [b, b]}}}}}`, "Duplicate value"},
		"too many labels":                    {`{spec: {metrics: {gauges: {a: {labels: [a, b, c, d, e, f, g, h, i, j, k]}}}}}`, "must have at most 10 items"},
		"free-form settings":                 {`{spec: {custom: {a: {b: [1, two]}}}}`, ""},
		"sizes":                              {`{spec: {callback: {limits: {bytesPerTask: 64Mi, labelSize: 256, bytesPerExecution: 1.5Gi}}}}`, ""},
		"a size that is too small":           {`{spec: {callback: {limits: {bytesPerTask: 1}}}}`, "must be a size from 1Ki to 1Ti"},
		"a size that is too large":           {`{spec: {callback: {limits: {labelSize: 5Ki}}}}`, "must be a size from 1 to 4Ki"},
		"half a byte":                        {`{spec: {callback: {limits: {labelSize: 500m}}}}`, "must be a size from 1 to 4Ki"},
		"a size in another notation":         {`{spec: {callback: {limits: {bytesPerTask: 64MiB}}}}`, "spec.callback.limits.bytesPerTask"},
		"an interval that is too long":       {`{spec: {callback: {limits: {eventInterval: 2h}}}}`, "must be from 100ms to 1h"},
		"no tokens in a Secret":              {`{spec: {callback: {tokensPerSecret: 0}}}`, "spec.callback.tokensPerSecret"},
		"a status": {`{status: {observedGeneration: 1, activeExecution: {name: check-20060102150405, executionID: "20060102150405"},
			lastExecution: {name: a, closeTime: "2006-01-02T15:04:05Z", counts: {nodes: 3}}}}`, ""},
		"an ID that is none": {`{status: {activeExecution: {name: a, executionID: "2006"}}}`, "status.activeExecution.executionID"},
	}
	d := nodeCronJobs(t)
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, problems := d.store(t, merge(t, read(t, minimalNodeCronJob), tt.patch), nil)
			expect(t, problems, tt.want)
		})
	}
}

func TestExecutions(t *testing.T) {
	tests := map[string]struct {
		patch string
		want  string
	}{
		"the smallest":               {`{}`, ""},
		"no NodeCronJob":             {`{spec: {nodeCronJobName: null}}`, "spec.nodeCronJobName: Required value"},
		"a tick":                     {`{spec: {trigger: Cron, scheduledTime: "2006-01-02T15:04:05Z"}}`, ""},
		"a tick without its time":    {`{spec: {trigger: Cron}}`, "scheduledTime is required unless trigger is Manual"},
		"a startup without its time": {`{spec: {trigger: Startup}}`, "scheduledTime is required unless trigger is Manual"},
		"an unknown trigger":         {`{spec: {trigger: manual}}`, `supported values: "Cron", "Startup", "Manual"`},
		"nodes by name":              {`{spec: {nodes: {names: [a, b.example.com]}}}`, ""},
		"a node twice":               {`{spec: {nodes: {names: [a, a]}}}`, "Duplicate value"},
		"no node":                    {`{spec: {nodes: {names: []}}}`, "spec.nodes.names"},
		"too many nodes":             {fmt.Sprintf(`{spec: {nodes: {names: [%s]}}}`, numbers(1001)), "must have at most 1000 items"},
		"as many nodes as may be":    {fmt.Sprintf(`{spec: {nodes: {names: [%s]}}}`, numbers(1000)), ""},
		"nodes by labels":            {`{spec: {nodes: {selector: {matchLabels: {a: b}, matchExpressions: [{key: c, operator: Exists}]}}}}`, ""},
		"too many labels":            {fmt.Sprintf(`{spec: {nodes: {selector: {matchLabels: {%s}}}}}`, labels(65)), "at most 64 matchLabels"},
		"too many expressions": {fmt.Sprintf(`{spec: {nodes: {selector: {matchExpressions: [%s]}}}}`,
			strings.Repeat("{key: a, operator: Exists},", 65)), "at most 64 matchExpressions"},
		"too many values":           {fmt.Sprintf(`{spec: {nodes: {selector: {matchExpressions: [{key: a, operator: In, values: [%s]}]}}}}`, numbers(257)), "at most 256 values"},
		"nodes by their states":     {`{spec: {nodes: {fromExecution: {name: a, states: [Failed, Canceled]}}}}`, ""},
		"a state that is not final": {`{spec: {nodes: {fromExecution: {name: a, states: [Running]}}}}`, "Unsupported value"},
		"a state twice":             {`{spec: {nodes: {fromExecution: {name: a, states: [Failed, Failed]}}}}`, "Duplicate value"},
		"no state":                  {`{spec: {nodes: {fromExecution: {name: a, states: []}}}}`, "spec.nodes.fromExecution.states"},
		"nodes in no way":           {`{spec: {nodes: {}}}`, "exactly one of names, selector and fromExecution"},
		"nodes in two ways":         {`{spec: {nodes: {names: [a], selector: {}}}}`, "exactly one of names, selector and fromExecution"},
		"overrides":                 {`{spec: {overrides: {podPoolSize: 1, startDeadline: 1m, jobTimeout: 2m}}}`, ""},
		"overrides of nothing":      {`{spec: {overrides: {}}}`, "spec.overrides"},
		"an override out of range":  {`{spec: {overrides: {podPoolSize: 0}}}`, "spec.overrides.podPoolSize"},
		"a deadline out of range":   {`{spec: {overrides: {jobTimeout: 0s}}}`, "must be from 1s to 1000h"},
		"a reason":                  {`{spec: {reason: New firmware., requestedBy: jane@example.com}}`, ""},
		"an empty reason":           {`{spec: {reason: ""}}`, "spec.reason"},
		"a reason that is too long": {fmt.Sprintf(`{spec: {reason: %s}}`, strings.Repeat("a", 1025)), "Too long"},
		"paused from the start":     {`{spec: {paused: true}}`, ""},
		"an unknown way to cancel":  {`{spec: {cancel: Now}}`, `supported values: "Drain", "Stop"`},
		"an empty way to cancel":    {`{spec: {cancel: ""}}`, `supported values: "Drain", "Stop"`},
	}
	d := executions(t)
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, problems := d.store(t, merge(t, read(t, minimalExecution), tt.patch), nil)
			expect(t, problems, tt.want)
		})
	}
}

func TestChangesOfAnExecution(t *testing.T) {
	tests := map[string]struct {
		before, change string
		want           string
	}{
		"nothing":                    {`{}`, `{}`, ""},
		"of a label":                 {`{}`, `{metadata: {labels: {a: b}}}`, ""},
		"paused":                     {`{}`, `{spec: {paused: true}}`, ""},
		"resumed":                    {`{spec: {paused: true}}`, `{spec: {paused: null}}`, ""},
		"canceled":                   {`{}`, `{spec: {cancel: Drain}}`, ""},
		"stopped":                    {`{}`, `{spec: {cancel: Stop}}`, ""},
		"drained, then stopped":      {`{spec: {cancel: Drain}}`, `{spec: {cancel: Stop}}`, ""},
		"stopped, then drained":      {`{spec: {cancel: Stop}}`, `{spec: {cancel: Drain}}`, "cancel cannot be taken back"},
		"drained no more":            {`{spec: {cancel: Drain}}`, `{spec: {cancel: null}}`, "cancel cannot be taken back"},
		"stopped no more":            {`{spec: {cancel: Stop}}`, `{spec: {cancel: null}}`, "cancel cannot be taken back"},
		"paused while draining":      {`{spec: {cancel: Drain}}`, `{spec: {paused: true}}`, ""},
		"of another NodeCronJob":     {`{}`, `{spec: {nodeCronJobName: other}}`, "spec.nodeCronJobName: Invalid value"},
		"with another trigger":       {`{spec: {scheduledTime: "2006-01-02T15:04:05Z"}}`, `{spec: {trigger: Cron}}`, "trigger is immutable"},
		"due later":                  {`{spec: {scheduledTime: "2006-01-02T15:04:05Z"}}`, `{spec: {scheduledTime: "2006-01-02T15:04:06Z"}}`, "scheduledTime is immutable"},
		"due at a time":              {`{}`, `{spec: {scheduledTime: "2006-01-02T15:04:05Z"}}`, "scheduledTime is immutable"},
		"due at no time":             {`{spec: {scheduledTime: "2006-01-02T15:04:05Z"}}`, `{spec: {scheduledTime: null}}`, "scheduledTime is immutable"},
		"for another reason":         {`{spec: {reason: a}}`, `{spec: {reason: b}}`, "reason is immutable"},
		"for no reason":              {`{spec: {reason: a}}`, `{spec: {reason: null}}`, "reason is immutable"},
		"asked for by another":       {`{}`, `{spec: {requestedBy: a}}`, "requestedBy is immutable"},
		"on other nodes":             {`{spec: {nodes: {names: [a]}}}`, `{spec: {nodes: {names: [a, b]}}}`, "nodes is immutable"},
		"on all nodes":               {`{spec: {nodes: {names: [a]}}}`, `{spec: {nodes: null}}`, "nodes is immutable"},
		"on nodes of another":        {`{spec: {nodes: {fromExecution: {name: a}}}}`, `{spec: {nodes: {fromExecution: {name: b}}}}`, "nodes is immutable"},
		"on nodes in another state":  {`{spec: {nodes: {fromExecution: {name: a}}}}`, `{spec: {nodes: {fromExecution: {states: [Lost]}}}}`, "nodes is immutable"},
		"on nodes with other labels": {`{spec: {nodes: {selector: {matchLabels: {a: b}}}}}`, `{spec: {nodes: {selector: {matchLabels: {a: c}}}}}`, "nodes is immutable"},
		"with other overrides":       {`{spec: {overrides: {podPoolSize: 1}}}`, `{spec: {overrides: {podPoolSize: 2}}}`, "overrides is immutable"},
		"with overrides":             {`{}`, `{spec: {overrides: {podPoolSize: 2}}}`, "overrides is immutable"},
		"with a full list, paused":   {fmt.Sprintf(`{spec: {nodes: {names: [%s]}}}`, numbers(1000)), `{spec: {paused: true}}`, ""},
	}
	d := executions(t)
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			before, problems := d.store(t, merge(t, read(t, minimalExecution), tt.before), nil)
			expect(t, problems, "")
			_, problems = d.store(t, merge(t, before, tt.change), before)
			expect(t, problems, tt.want)
		})
	}
}

const opened = `
status:
  phase: Open
  executionID: "20060102150405"
  openTime: "2006-01-02T15:04:05Z"
  counts: {nodes: 3, ok: 1, running: 2}
  plan: {parts: [{name: check-20060102150405-plan-0, digest: "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}]}
  account: {schema: 1, admitted: 0-2, created: 0-2, outcomes: [{state: Succeeded, indexes: "1"}]}
`

func TestChangesOfAStatus(t *testing.T) {
	tests := map[string]struct {
		before, change string
		want           string
	}{
		"it is queued":              {`{}`, `{status: {phase: Queued}}`, ""},
		"it opens":                  {`{status: {phase: Queued}}`, opened, ""},
		"it is rejected":            {`{status: {phase: Queued}}`, `{status: {phase: Rejected}}`, ""},
		"it has no schema":          {opened, `{status: {account: {schema: null}}}`, "status.account.schema: Required value"},
		"it opens without a plan":   {`{}`, `{status: {phase: Open, executionID: "20060102150405", openTime: "2006-01-02T15:04:05Z", account: {schema: 1}}}`, "must have executionID, openTime, plan and account"},
		"another task ends":         {opened, `{status: {account: {outcomes: [{state: Succeeded, indexes: "1"}, {state: Failed, reason: OOMKilled, indexes: "0"}]}}}`, ""},
		"an outcome is there twice": {opened, `{status: {account: {outcomes: [{state: Succeeded, indexes: "1"}, {state: Succeeded, indexes: "0"}]}}}`, "Duplicate value"},
		"an outcome is no word":     {opened, `{status: {account: {outcomes: [{state: Failed, reason: "a b", indexes: "1"}]}}}`, "status.account.outcomes[0].reason"},
		"an outcome is no outcome":  {opened, `{status: {account: {outcomes: [{state: Unreported, indexes: "1"}]}}}`, "must be the state of the task's pod"},
		"it closes":                 {opened, `{status: {phase: Closed, closeTime: "2006-01-02T15:05:05Z", duration: 1m0s}}`, ""},
		"it closes after a year":    {opened, `{status: {phase: Closed, duration: 8760h0m0s}}`, ""},
		"it is closing":             {opened, `{status: {phase: Closing}}`, ""},
		"it closes after that":      {strings.Replace(opened, "Open", "Closing", 1), `{status: {phase: Closed}}`, ""},
		"it waits with a reason":    {`{status: {phase: Queued}}`, `{status: {phase: Queued, conditions: []}}`, ""},
		"it opens again":            {strings.Replace(opened, "Open", "Closed", 1), `{status: {phase: Open}}`, "phase only goes forward"},
		"it opens while closing":    {strings.Replace(opened, "Open", "Closing", 1), `{status: {phase: Open}}`, "phase only goes forward"},
		"it is queued while open":   {opened, `{status: {phase: Queued}}`, "phase only goes forward"},
		"it is rejected while open": {opened, `{status: {phase: Rejected}}`, "phase only goes forward"},
		"it is queued again":        {`{status: {phase: Rejected}}`, `{status: {phase: Queued}}`, "phase only goes forward"},
		"it opens after that":       {`{status: {phase: Rejected}}`, opened, "phase only goes forward"},
		"its status is lost":        {opened, `{status: null}`, "status cannot be removed"},
		"it has no status yet":      {`{}`, `{metadata: {labels: {a: b}}}`, ""},
		"its phase is lost":         {`{status: {phase: Rejected}}`, `{status: {phase: null}}`, "phase only goes forward"},
		"it gets another ID":        {opened, `{status: {executionID: "20060102150406"}}`, "executionID is immutable"},
		"it gets another time":      {opened, `{status: {openTime: "2006-01-02T15:04:06Z"}}`, "openTime is immutable"},
		"it gets another plan":      {opened, `{status: {plan: {parts: [{name: other, digest: "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"}]}}}`, "plan is immutable"},
		"it loses its plan":         {opened, `{status: {plan: null}}`, "plan is immutable"},
		"a plan has no digest":      {`{}`, `{status: {plan: {parts: [{name: a, digest: b}]}}}`, "status.plan.parts[0].digest"},
		"its share is negative":     {opened, `{status: {podShare: -1}}`, "status.podShare"},
		"its phase is unknown":      {`{}`, `{status: {phase: Running}}`, "Unsupported value"},
		"all condition fields":      {opened, `{status: {conditions: [{type: Complete, status: "False", reason: Running, message: "2 nodes are left", lastTransitionTime: "2006-01-02T15:04:05Z"}]}}`, ""},
		"a condition twice": {opened, `{status: {conditions: [{type: A, status: "False", reason: R, message: "", lastTransitionTime: "2006-01-02T15:04:05Z"},
			{type: A, status: "True", reason: R, message: "", lastTransitionTime: "2006-01-02T15:04:05Z"}]}}`, "Duplicate value"},
	}
	d := executions(t)
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			before, problems := d.store(t, merge(t, read(t, minimalExecution), tt.before), nil)
			expect(t, problems, "")
			_, problems = d.store(t, merge(t, before, tt.change), before)
			expect(t, problems, tt.want)
		})
	}
}

func numbers(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "n%d,", i)
	}
	return b.String()
}

func labels(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "n%d: a,", i)
	}
	return b.String()
}
