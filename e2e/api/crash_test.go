//go:build e2e

package api

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/e2e/api/rig"
	"github.com/batch-job-controller/batch-job-controller/e2e/api/rig/audit"
)

// crash is a point at which the server dies.
type crash struct {
	at    string // the value of CRASH_AT
	times int    // how many consecutive servers die there
	nodes int    // 0: crashNodes
	keys  map[string]any
	// change: a server dies before the others, and the ConfigMap is changed.
	change *changed
	// answered: the server dies when a pod has its response.
	answered bool
	// old: an execution has closed before.
	old bool
	// asks makes a person create the Execution by-hand before the first server starts.
	asks func(*v1alpha1.Execution)
	// closing: the open execution may be closed before the next server checks what is
	// due, so that the server opens another execution.
	closing bool
	// also has the additional checks of a crash.
	also func(t *testing.T, s *rig.Site, report execution.Report)
}

// The steps at which a server can die.
const (
	createState  = "POST configmaps/check-state"
	writeState   = "PUT configmaps/check-state"
	createCopy   = "POST nodecronjobs/check" // of the definition in the ConfigMap
	create       = "POST executions/check-[0-9]*"
	takeAsked    = "PUT executions/by-hand" // with the labels of the controller
	openAsked    = "PUT executions/by-hand/status/Open"
	rejectAsked  = "PUT executions/by-hand/status/Rejected"
	createPlan   = "POST configmaps/check-[0-9]*"
	createKey    = "POST secrets/check-callback-key"
	createTokens = "POST secrets/check-*-tokens-*"
	deleteTokens = "DELETE secrets"
	deletePlans  = "DELETE configmaps"                       // that are not used
	writeRecord  = "PUT executions/check-[0-9]*/status/Open" // the first one opens the execution
	endRecord    = "PUT executions/check-[0-9]*/status/Closing"
	closeRecord  = "PUT executions/check-[0-9]*/status/Closed"
	dropRecord   = "DELETE executions/check-[0-9]*"
	writeTemp    = "write [0-9]*/.tmp-*"
	nameAbout    = "rename [0-9]*/.about.json"
	nameResult   = "link [0-9]*/site-*.json"
	nameReport   = "rename [0-9]*/execution.json"
	nameLog      = "rename [0-9]*/*-container-*.log"
	syncNames    = "syncdir [0-9]*"
	grave        = ".[0-9]*.deleting"
)

// crashes has the crashes in the order of an execution, from a tick to its deletion.
func crashes() map[string]crash {
	logs := map[string]any{"savePodLog": true}
	onlyNewest := map[string]any{"reportHistory": 1}
	onlyNewestJobs := map[string]any{"jobHistory": 1}
	threeSecrets := map[string]any{"callback": map[string]any{"tokensPerSecret": 3}}
	all := map[string]crash{
		"the server has never run":                                {at: "before " + createState, times: 2},
		"there is no callback key":                                {at: "before " + createKey, times: 2},
		"the callback key is created, the response is lost":       {at: "after " + createKey, times: 1},
		"the state is created, the response is lost":              {at: "after " + createState, times: 1},
		"the state is created, it is not restored":                {at: "before " + writeState, times: 2},
		"the state is restored, the response is lost":             {at: "after " + writeState, times: 1},
		"the definition has no NodeCronJob":                       {at: "before " + createCopy, times: 2},
		"its NodeCronJob is created, the response is lost":        {at: "after " + createCopy, times: 1},
		"a person's execution waits, there is no NodeCronJob":     {at: "before " + createCopy, times: 1, asks: asItIs},
		"a tick is due, there is no execution":                    {at: "before " + create, times: 3},
		"the execution is created, the response is lost":          {at: "after " + create, times: 1},
		"the execution is created, it has no entry":               {at: "after " + create + ", then before " + writeState, times: 1},
		"the execution waits, it has no entry":                    {at: "before " + writeState, times: 3, old: true},
		"the execution has an entry, the response is lost":        {at: "after " + create + ", then after " + writeState, times: 1},
		"a person's execution has no labels":                      {at: "before " + takeAsked, times: 2, asks: asItIs},
		"a person's execution is labelled, the response is lost":  {at: "after " + takeAsked, times: 1, asks: asItIs},
		"a person's execution has an entry, it is not open":       {at: "before " + openAsked, times: 2, asks: asItIs},
		"a person's execution is open, the response is lost":      {at: "after " + openAsked, times: 1, asks: asItIs},
		"a person's execution is not rejected yet":                {at: "before " + rejectAsked, times: 2, asks: canceled, also: checkRejected},
		"a person's execution is rejected, the response is lost":  {at: "after " + rejectAsked, times: 1, asks: canceled, also: checkRejected},
		"the execution is created, it has no plan":                {at: "before " + createPlan, times: 3},
		"the plan is written, the response is lost":               {at: "after " + createPlan, times: 1},
		"the plan is written, the execution is not open":          {at: "before " + writeRecord, times: 3},
		"the execution is open, the response is lost":             {at: "after " + writeRecord, times: 1},
		"tasks are admitted, there are no Jobs":                   {at: "after " + writeRecord + ", then before POST jobs/*", times: 1},
		"the account is written, the response is lost":            {at: "after POST jobs/*, then after " + writeRecord, times: 2},
		"tasks are admitted, there are no tokens":                 {at: "before " + createTokens, times: 3, keys: threeSecrets},
		"tokens are created, the response is lost":                {at: "after " + createTokens, times: 2, keys: threeSecrets},
		"tokens are created, there are no Jobs":                   {at: "after " + createTokens + ", then before POST jobs/*", times: 2, keys: threeSecrets},
		"there are never any Jobs":                                {at: "before POST jobs/*", times: 3},
		"a Job is created, the response is lost":                  {at: "after POST jobs/*", times: 3},
		"the last Job is created, the response is lost":           {at: fmt.Sprintf("after POST jobs/* %d", crashNodes), times: 1},
		"a Job is created, the record does not say so":            {at: "after POST jobs/*, then before " + writeRecord, times: 3, nodes: 3*mostUntold + 1},
		"a pod has ended, its log is not requested":               {at: "before GET pods/*/log", times: 2, keys: logs, also: checkLogs},
		"a log has no name yet":                                   {at: "before " + nameLog, times: 2, keys: logs, also: checkLogs},
		"a log is durable":                                        {at: "after " + nameLog + ", then after " + syncNames, times: 2, keys: logs, also: checkLogs},
		"half of what the execution is is written":                {at: "during " + writeTemp, times: 2, also: checkAbout},
		"what the execution is has no name yet":                   {at: "before " + nameAbout, times: 3, also: checkAbout},
		"what the execution is has a name that is not durable":    {at: "after " + nameAbout + ", then before " + syncNames, times: 1, also: checkAbout},
		"what the execution is is durable, there are no Jobs":     {at: "after " + nameAbout + ", then after " + syncNames, times: 1, also: checkAbout},
		"half of a result is written":                             {at: "after POST jobs/*, then during " + writeTemp, times: 2, also: checkAbout},
		"a result has no name yet":                                {at: "before " + nameResult, times: 3},
		"a result has a name that is not durable":                 {at: "after " + nameResult + ", then before " + syncNames, times: 2},
		"a result is durable, the pod has no response":            {at: "after " + nameResult + ", then after " + syncNames, times: 2},
		"a pod has its response":                                  {answered: true, times: 1},
		"all tasks have ended, callbacks are accepted":            {at: "before " + endRecord, times: 2, closing: true},
		"callbacks have ended, the response is lost":              {at: "after " + endRecord, times: 1, closing: true},
		"callbacks have ended, there is no report":                {at: "before " + nameReport, times: 2, closing: true},
		"the report is written, the record is not closed":         {at: "after " + nameReport + ", then before " + closeRecord, times: 1, closing: true},
		"the record is closed, no tokens are deleted":             {at: "before " + deleteTokens, times: 2, keys: threeSecrets, closing: true},
		"the tokens are deleted, the response is lost":            {at: "after " + deleteTokens, times: 1, keys: threeSecrets, closing: true},
		"the record is closed, unused plans are not deleted":      {at: "before " + deletePlans, times: 2, closing: true},
		"unused plans are deleted, the response is lost":          {at: "after " + deletePlans, times: 1, closing: true},
		"the record is closed, the response is lost":              {at: "after " + closeRecord, times: 1, closing: true},
		"the record is closed, its entry is there":                {at: "after " + closeRecord + ", then before " + writeState, times: 1, closing: true},
		"its entry is removed, the response is lost":              {at: "after " + closeRecord + ", then after " + writeState, times: 1, closing: true},
		"an old record is about to be deleted":                    {at: "before " + dropRecord, times: 2, keys: onlyNewest, old: true, also: checkPruned},
		"an old record is deleted, its report is not":             {at: "after " + dropRecord, times: 1, keys: onlyNewest, old: true, also: checkPruned},
		"an old report is moved to the trash, nothing is deleted": {at: "after rename " + grave, times: 1, keys: onlyNewest, old: true, also: checkPruned},
		"half of an old report is deleted":                        {at: "during removeall " + grave, times: 1, keys: onlyNewest, old: true, also: checkPruned},
		"half of the old Jobs are deleted":                        {at: fmt.Sprintf("after DELETE jobs/* %d", crashNodes/2), times: 1, keys: onlyNewestJobs, old: true},
	}
	maps.Copy(all, shareCrashes())
	return all
}

const (
	crashNodes, crashPool = 7, 2
	// mostUntold is how many Jobs a server can create before it writes the record again:
	// those of all slots, and as many admitted ones if the first pods end meanwhile.
	mostUntold = 2 * crashPool
)

func TestNothingIsLostWhereverTheServerDies(t *testing.T) {
	t.Parallel()
	program := shared.Build(t, "e2e/api/crasher")
	for name, c := range crashes() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			site := rig.NewSite(t, shared, rig.Config{Pool: crashPool, RunFor: untilEnded, Keys: c.keys})
			nodes := site.AddNodes(cmp.Or(c.nodes, crashNodes))
			server := site.NewServer(1).WithProgram(program).WithLease(rig.ShortLease())
			reporting := playPods(t, site, atOnce, server)
			if c.asks != nil {
				ask(t, site, c.asks)
			}
			if c.old {
				server.Start()
				waitAllClosed(t, site, 1)
				server.Kill()
			}
			c.dies(t, site, server, reporting)
			nextSecond()
			toCome := executionsToCome(t, site)
			server.WithEnv().Start()

			ids := waitAllClosed(t, site, toCome)
			if !c.old && !c.closing && len(ids) != 1 {
				t.Errorf("got executions %v, want only one", ids)
			}
			if c.keys["reportHistory"] == 1 {
				ids = waitPruned(t, site)
			}
			metrics := waitLeader(t, server).Metrics()
			waitTokensGone(t, site, ids...)
			waitNoEntries(t, site)
			server.Stop()
			for _, id := range ids {
				report := checkExecution(t, site, id, nodes)
				reporting.checkTaken(t, report, metrics)
				if c.also != nil {
					c.also(t, site, report)
				}
			}
			checkPool(t, site)
		})
	}
}

func atOnce() time.Duration { return 0 }

// executionsToCome returns the number of executions, including earlier ones, when the next
// server has nothing left to do: it opens an execution unless one is open.
func executionsToCome(t *testing.T, site *rig.Site) int {
	t.Helper()
	ids := map[execution.ID]bool{} // including those with a deleted record
	site.Audit.Read(func(state *audit.State) {
		for id := range state.Records {
			ids[id] = true
		}
	})
	// The audit may lag.
	isOpen, waits := false, false
	for _, record := range records(t, site) {
		id := execution.ID(record.Status.ExecutionID)
		if id == "" {
			waits = waits || record.Status.Phase != v1alpha1.Rejected
			continue
		}
		ids[id] = true
		isOpen = isOpen || record.Status.Phase != v1alpha1.Closed
	}
	if isOpen && !waits {
		return len(ids)
	}
	return len(ids) + 1
}

// checkExecution checks that each node of a closed execution ran once, and is in the
// report.
func checkExecution(t *testing.T, site *rig.Site, id execution.ID, nodes []string) execution.Report {
	t.Helper()
	site.Audit.Read(func(state *audit.State) { checkOneEach(t, state.Of(id), nodes) })
	report := site.Report(id)
	checkReport(t, report, all(nodes, succeeded()))
	return report
}

// checkNoHalfReports checks that the report of each closed execution is complete or deleted.
func checkNoHalfReports(t *testing.T, site *rig.Site, reporting *pods) {
	t.Helper()
	var closed []execution.ID
	site.Audit.Read(func(state *audit.State) {
		for id := range state.Records {
			if !state.ClosedAt(id).IsZero() {
				closed = append(closed, id)
			}
		}
	})
	for _, id := range closed {
		dir := filepath.Join(site.ReportDir, string(id))
		if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		names := []string{"execution.json"}
		for node := range reporting.takenOf(id) {
			names = append(names, node+".json")
		}
		for _, name := range names {
			if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
				t.Errorf("an incomplete report is left: %v", err)
			}
		}
	}
}

// waitPruned waits until only the newest execution is left, and returns it.
func waitPruned(t *testing.T, site *rig.Site) (newest []execution.ID) {
	t.Helper()
	site.Audit.Until(patience, "only the newest execution has a record", func(state *audit.State) bool {
		newest = slices.Sorted(maps.Keys(state.Records))
		newest = newest[len(newest)-1:]
		for id, record := range state.Records {
			if state.Gone[record.UID] == (id == newest[0]) {
				return false
			}
		}
		return true
	})
	return newest
}

func checkPruned(t *testing.T, site *rig.Site, report execution.Report) {
	t.Helper()
	entries, err := os.ReadDir(site.ReportDir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	if want := []string{".results-claimed-by", string(report.ID), "latest"}; !slices.Equal(names, want) {
		t.Errorf("the report directory has %v, want %v", names, want)
	}
	if target, err := os.Readlink(filepath.Join(site.ReportDir, "latest")); err != nil || target != string(report.ID) {
		t.Errorf("latest leads to %q, %v, want %s", target, err, report.ID)
	}
}

func checkAbout(t *testing.T, site *rig.Site, report execution.Report) {
	t.Helper()
	body, err := os.ReadFile(filepath.Join(site.ReportDir, string(report.ID), ".about.json"))
	if err != nil {
		t.Fatal(err)
	}
	about, err := execution.ParseAbout(body)
	if err != nil || about.NodeCronJob != report.NodeCronJob || about.Execution != report.Execution || about.Partial || !about.Latest || about.Intake == nil {
		t.Errorf("the execution of %s %+v is %+v, %v", report.NodeCronJob, report.Execution, about, err)
	}
}

func checkLogs(t *testing.T, site *rig.Site, report execution.Report) {
	t.Helper()
	podOf := map[string]string{}
	site.Audit.Read(func(state *audit.State) {
		for _, pod := range state.Of(report.ID).Pods {
			podOf[pod.Annotations[jobspec.NodeAnnotation]] = pod.Name
		}
	})
	for node, pod := range podOf {
		got, err := os.ReadFile(filepath.Join(site.ReportDir, string(report.ID), node+"-container-check.log"))
		if want := "the log of " + pod + "\n"; err != nil || string(got) != want {
			t.Errorf("the log of node %s is %q, %v, want %q", node, got, err, want)
		}
	}
}
