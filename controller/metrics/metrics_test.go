package metrics_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/metrics"
)

// newMetrics returns the metrics of the definition check.
func newMetrics() (*metrics.Definition, *prometheus.Registry) {
	registry := prometheus.NewPedanticRegistry()
	return metrics.New(registry).Of("check"), registry
}

type store struct {
	free     int64
	reserved int64
	healthy  bool
}

func (s *store) Free() int64     { return s.free }
func (s *store) Reserved() int64 { return s.reserved }
func (s *store) Healthy() bool   { return s.healthy }

func TestTheReportDirectoryIsAskedAtEachScrape(t *testing.T) {
	registry := prometheus.NewPedanticRegistry()
	s := &store{free: 1000, reserved: 200, healthy: true}
	metrics.WatchStore(registry, s)
	for _, now := range []struct {
		store store
		want  []string
	}{
		{store{1000, 200, true}, []string{
			"batch_job_controller_report_store_free_bytes 1000\n",
			"batch_job_controller_report_store_reserved_bytes 200\n",
			"batch_job_controller_report_store_healthy 1\n",
		}},
		{store{10, 100, false}, []string{
			"batch_job_controller_report_store_free_bytes 10\n",
			"batch_job_controller_report_store_reserved_bytes 100\n",
			"batch_job_controller_report_store_healthy 0\n",
		}},
	} {
		*s = now.store
		got := scrape(t, registry)
		for _, want := range now.want {
			if !strings.Contains(got, want) {
				t.Errorf("no %s in\n%s", want, got)
			}
		}
	}
}

// exercise sets everything once.
func exercise(m *metrics.Definition) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 500e6, time.UTC)
	m.SetLeader(true)
	m.ConfigTaken(at, true)
	m.ExecutionOpened("cron")
	m.ExecutionRejected("ConcurrencyForbidden")
	m.SetQueued(2)
	m.SetLastExecution("succeeded", at)
	m.SetLastReport(lastReport())
	m.SetNextTick(at.Add(time.Hour))
	m.TickSkipped("open_execution")
	m.TicksMissed(2)
	m.TaskEnded(execution.Outcome{State: execution.Succeeded})
	m.TaskEnded(failed("OOMKilled"))
	m.SetPool(3, 10)
	m.SetShare(4)
	m.SetMaxPods(30)
	m.SlotRefilled(45 * time.Millisecond)
	m.JobCreateFailed("403")
	m.CallbackAnswered("result", 200, 2*time.Millisecond)
	m.CallbackAnswered("other", 404, time.Millisecond)
	m.CallbackLimited("file", execution.FilesPerTask)
	m.CredentialsRedacted("log", 2)
	m.ConnectionsFull("callback")
	m.UnknownDefinitionsFull()
	m.ResultStored("check", 5)
	m.SeriesDropped(3)
	m.LogSaved("truncated")
	m.StoreError("result")
}

func TestTheControllersOwnMetrics(t *testing.T) {
	m, registry := newMetrics()
	exercise(m)
	metrics.WatchStore(registry, &store{free: 1 << 30, reserved: 1 << 28, healthy: true})
	golden(t, "own.txt", scrape(t, registry))
}

func TestKnownSeriesBeginAtZero(t *testing.T) {
	_, registry := newMetrics()
	got := scrape(t, registry)
	for _, want := range []string{
		`batch_job_controller_executions_total{nodecronjob="check",trigger="cron"} 0`,
		`batch_job_controller_executions_closed_total{nodecronjob="check",result="failed"} 0`,
		`batch_job_controller_ticks_skipped_total{nodecronjob="check",reason="open_execution"} 0`,
		`batch_job_controller_ticks_skipped_total{nodecronjob="check",reason="suspended"} 0`,
		`batch_job_controller_ticks_missed_total{nodecronjob="check"} 0`,
		`batch_job_controller_pod_logs_total{nodecronjob="check",outcome="saved"} 0`,
		`batch_job_controller_node_tasks_total{nodecronjob="check",reason="JobTimeout",state="failed"} 0`,
		`batch_job_controller_callback_requests_total{code="200",kind="file"} 0`,
		`batch_job_controller_callback_limited_total{kind="event",limit="eventInterval"} 0`,
		`batch_job_controller_callback_denied_total{reason="unknown_key"} 0`,
		`batch_job_controller_credentials_redacted_total{kind="result"} 0`,
		`batch_job_controller_connections_full_total{port="report"} 0`,
		`batch_job_controller_report_store_errors_total{operation="log"} 0`,
	} {
		if !strings.Contains(got, want+"\n") {
			t.Errorf("no %s", want)
		}
	}
}

func TestTheControllersOwnNamesAreAsTheyShouldBe(t *testing.T) {
	m, registry := newMetrics()
	exercise(m)
	metrics.WatchStore(registry, &store{})
	problems, err := testutil.GatherAndLint(registry)
	if err != nil || len(problems) > 0 {
		t.Errorf("%v, %v", problems, err)
	}
}

func TestAnExecutionThatCloses(t *testing.T) {
	for name, test := range map[string]struct {
		result    string
		took      time.Duration
		wantCount string
	}{
		"is measured":                    {"failed", time.Minute, "1"},
		"is not measured if given up on": {"aborted", 0, "0"},
	} {
		t.Run(name, func(t *testing.T) {
			m, registry := newMetrics()
			m.ExecutionClosed(test.result, test.took)
			got := scrape(t, registry)
			for _, want := range []string{
				fmt.Sprintf("executions_closed_total{nodecronjob=\"check\",result=%q} 1\n", test.result),
				`execution_duration_seconds_count{nodecronjob="check"} ` + test.wantCount + "\n",
			} {
				if !strings.Contains(got, want) {
					t.Errorf("no %s", want)
				}
			}
		})
	}
}

func TestWhatIsOverIsZero(t *testing.T) {
	m, registry := newMetrics()
	exercise(m)
	m.SetDamagedRecords(2)
	m.SetLeader(false)
	m.Forget()
	const ours = `{nodecronjob="check"} 0` + "\n"
	want := "batch_job_controller_damaged_records" + ours + "batch_job_controller_leader 0\nbatch_job_controller_next_tick_timestamp_seconds" + ours +
		"batch_job_controller_pool_size" + ours + "batch_job_controller_tasks_in_flight" + ours
	got := scrape(t, registry, "batch_job_controller_leader ", "batch_job_controller_next", "batch_job_controller_damaged",
		"batch_job_controller_pool", "batch_job_controller_tasks_in", last+"id")
	if got != want {
		t.Errorf("got %s", got)
	}
}

func failed(reason string) execution.Outcome {
	return execution.Outcome{State: execution.Failed, Reason: execution.Reason(reason)}
}

func TestReasonsAreBounded(t *testing.T) {
	m, registry := newMetrics()
	for i := range 60 {
		m.TaskEnded(failed(fmt.Sprintf("Reason%d", i)))
	}
	m.TaskEnded(failed("Reason49")) // known by now
	m.TaskEnded(failed("JobTimeout"))
	got := scrape(t, registry, "batch_job_controller_node_tasks_total{")
	for _, want := range []string{
		`{nodecronjob="check",reason="Reason49",state="failed"} 2`,
		`{nodecronjob="check",reason="Other",state="failed"} 10`,
		`{nodecronjob="check",reason="JobTimeout",state="failed"} 1`,
	} {
		if !strings.Contains(got, want+"\n") {
			t.Errorf("no %s in %s", want, got)
		}
	}
}

func TestReasonsThatAreNoWordAreNoLabels(t *testing.T) {
	for name, reason := range map[string]string{
		"a sentence":    "exit status 1",
		"not UTF-8":     "\xff",
		"very long":     strings.Repeat("x", 65),
		"with new line": "a\nb",
	} {
		t.Run(name, func(t *testing.T) {
			m, registry := newMetrics()
			m.TaskEnded(failed(reason))
			if got := scrape(t, registry); !strings.Contains(got, `{nodecronjob="check",reason="Other",state="failed"} 1`) {
				t.Error(got)
			}
		})
	}
}

func TestTwoControllersFitIntoOneProcess(t *testing.T) {
	one, oneRegistry := newMetrics()
	_, otherRegistry := newMetrics()
	one.SetLeader(true)
	oneResults, otherResults := newResults(), newResults()
	oneRegistry.MustRegister(oneResults)
	otherRegistry.MustRegister(otherResults)
	oneResults.Begin(first)
	if got := scrape(t, otherRegistry, "batch_job_controller_leader ", "foo_"); got != "batch_job_controller_leader 0\n" {
		t.Errorf("the other one shows %s", got)
	}
}

func TestWhetherTheConfigurationApplies(t *testing.T) {
	tests := map[string]struct {
		what func(m *metrics.Metrics)
		want string
	}{
		"it was taken":                                 {func(*metrics.Metrics) {}, "1"},
		"it is invalid":                                {func(m *metrics.Metrics) { m.ConfigRefused() }, "0"},
		"it is valid again":                            {func(m *metrics.Metrics) { m.ConfigRefused(); m.ConfigTaken(time.Now(), false) }, "1"},
		"its definition has no NodeCronJob":            {func(m *metrics.Metrics) { m.ConfigMirrored(false) }, "0"},
		"its definition has its NodeCronJob at last":   {func(m *metrics.Metrics) { m.ConfigMirrored(false); m.ConfigMirrored(true) }, "1"},
		"the definition of a valid one still has none": {func(m *metrics.Metrics) { m.ConfigMirrored(false); m.ConfigTaken(time.Now(), false) }, "0"},
		"it is invalid, and that of before is there":   {func(m *metrics.Metrics) { m.ConfigRefused(); m.ConfigMirrored(true) }, "0"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			reg := prometheus.NewRegistry()
			m := metrics.New(reg)
			m.ConfigTaken(time.Now(), false)
			tt.what(m)
			got := scrape(t, reg)
			if want := "batch_job_controller_config_last_reload_successful " + tt.want + "\n"; !strings.Contains(got, want) {
				t.Errorf("no %s in\n%s", want, got)
			}
		})
	}
}
