package controller

import (
	"cmp"
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	clienttesting "k8s.io/client-go/testing"
	"k8s.io/utils/clock"

	v1alpha1client "github.com/batch-job-controller/batch-job-controller/controller/api/client"
	"github.com/batch-job-controller/batch-job-controller/controller/api/client/fake"
	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/auth"
	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/metrics"
	"github.com/batch-job-controller/batch-job-controller/controller/record"
	"github.com/batch-job-controller/batch-job-controller/controller/state"
)

type runtimeObject = runtime.Object

// TestMain removes client-go's rate limit for errors: it has the time of the last error, and
// every bubble begins at the same time.
func TestMain(m *testing.M) {
	utilruntime.ErrorHandlers = utilruntime.ErrorHandlers[:1]
	os.Exit(m.Run())
}

const podTemplate = `apiVersion: v1
kind: Pod
spec:
  containers:
  - name: main
    image: check:1
`

func testConfig(mutate ...func(*config.Config)) config.Config {
	cfg := config.Config{
		Controller: config.Controller{
			Name:                testName,
			CallbackServiceName: testName,
			CallbackServicePort: 8090,
			Callback:            config.Callback{Auth: execution.TokenAuth},
		},
		Definition: config.Definition{
			CronExpression:  "0 0 1 1 *",
			TimeZone:        "UTC",
			ReportHistory:   30,
			JobHistory:      3,
			PodPoolSize:     2,
			RunOnStartup:    true,
			StartupDelay:    time.Second,
			StartDeadline:   10 * time.Minute,
			JobTimeout:      time.Hour,
			Metrics:         config.Metrics{Prefix: "foo", Gauges: map[string]config.Gauge{"test": {Help: "A test.", Labels: []string{"label"}}}},
			PodTemplate:     podTemplate,
			TokensPerSecret: 2,
		},
		HasDefinition: true,
		Hash:          "cafe",
	}
	for _, f := range mutate {
		f(&cfg)
	}
	return cfg
}

// asStored returns a configuration whose definition has the defaults that the API server adds to
// a NodeCronJob, as one that was decoded has them: without them, the NodeCronJob would never be
// as the ConfigMap has it.
func asStored(t *testing.T, cfg config.Config) config.Config {
	t.Helper()
	if !cfg.HasDefinition {
		return cfg
	}
	n := &v1alpha1.NodeCronJob{ObjectMeta: metav1.ObjectMeta{Name: cfg.Name}, Spec: config.ToResource(cfg.Definition)}
	must(t, fake.PrepareCreate(n))
	d, _, problems := config.FromResource(n, time.Now())
	must(t, problems.OrNil())
	cfg.Definition = d
	return cfg
}

// Reconfigure applies another configuration, as a changed ConfigMap does.
func (r *replica) Reconfigure(cfg config.Config) { r.Manager.Reconfigure(asStored(r.t, cfg)) }

// replica is one controller process.
type replica struct {
	t *testing.T
	*Manager
	registry *prometheus.Registry
	life     context.Context
	stop     context.CancelFunc
	done     chan struct{}
}

// Result sends the controller a result without credentials.
func (r *replica) Result(ctx context.Context, key execution.Key, body []byte) error {
	redacted, err := r.Recorder().Result(ctx, key, body)
	if redacted > 0 {
		r.t.Errorf("%d credentials were covered in %s", redacted, body)
	}
	return err
}

// File sends the controller a file.
func (r *replica) File(ctx context.Context, key execution.Key, name, contentType string, body io.Reader) (stored string, err error) {
	return r.Recorder().File(ctx, key, name, contentType, body)
}

// Event sends the controller a pod's request for an event.
func (r *replica) Event(ctx context.Context, key execution.Key, e execution.Event) error {
	return r.Recorder().Event(ctx, key, e)
}

// startReplica runs a controller as its leader.
func startReplica(t *testing.T, c *cluster, store Store, cfg config.Config) *replica {
	t.Helper()
	return startReplicaWith(t, c.client, store, cfg)
}

func startReplicaWith(t *testing.T, client kube.Client, store Store, cfg config.Config, mutate ...func(*Options)) *replica {
	t.Helper()
	r := newReplica(t, client, store, cfg, mutate...)
	r.run()
	return r
}

// run runs the controller as the leader, until it is killed.
func (r *replica) run() {
	r.watch()
	r.lead()
}

// watch fills the caches, as a standby does.
func (r *replica) watch() {
	r.life, r.stop = context.WithCancel(r.t.Context())
	r.Watch(r.life)
	synctest.Wait() // the fake does not replay what happens between a list and its watch
}

// lead makes a standby the leader.
func (r *replica) lead() {
	go func() {
		defer close(r.done)
		if err := r.Run(r.life, unfenced); err != nil {
			r.t.Errorf("Run: %v", err)
		}
	}()
}

// openTestKeyring retries while the API server is faulty, as main does.
func openTestKeyring(t *testing.T, client kube.Client, controller string) *auth.Keyring {
	t.Helper()
	for try := 0; ; try++ {
		keyring, err := auth.OpenKeyring(t.Context(), auth.KeyringOptions{
			Controller: controller, Namespace: testNamespace, Secret: controller + "-callback-key", Create: true,
			Secrets: client.CoreV1().Secrets(testNamespace), Clock: clock.RealClock{},
		})
		if err == nil {
			return keyring
		}
		if try == 100 {
			t.Fatal(err)
		}
	}
}

// newReplica returns a controller that does not run.
func newReplica(t *testing.T, client kube.Client, store Store, cfg config.Config, mutate ...func(*Options)) *replica {
	t.Helper()
	registry := prometheus.NewRegistry()
	results := metrics.NewExports(0)
	registry.MustRegister(results)
	options := Options{
		Config:    cfg,
		Namespace: testNamespace,
		Instance:  "replica",
		Identity:  "replica_1@10.0.0.1",
		Client:    client,
		Store:     store,
		Results:   results,
		Metrics:   metrics.New(registry),
		Clock:     clock.RealClock{},
		Log:       slog.New(slog.NewTextHandler(t.Output(), nil)),
		ResultOptions: func(cfg config.Config) metrics.ResultOptions {
			return metrics.ResultOptions{Prefix: cfg.Metrics.Prefix, Gauges: cfg.Metrics.Declared(), Latest: cfg.LatestMetricsLabel}
		},
	}
	if cfg.Callback.Auth == execution.TokenAuth {
		options.Keyring = openTestKeyring(t, client, cfg.Name)
	}
	for _, f := range mutate {
		f(&options)
	}
	options.Config = asStored(t, options.Config)
	controller, err := New(options)
	must(t, err)
	return &replica{t: t, Manager: controller, registry: registry, done: make(chan struct{})}
}

// hasOpenExecution reports whether the replica has opened an execution that has neither closed
// nor been aborted.
func (r *replica) hasOpenExecution() bool {
	r.t.Helper()
	return r.metric("batch_job_controller_executions_total") > r.metric("batch_job_controller_executions_closed_total")
}

// unfenced is a fence that permits every write.
func unfenced(ctx context.Context) (context.Context, context.CancelFunc, error) {
	write, done := context.WithTimeout(ctx, kube.RequestTimeout)
	return write, done, ctx.Err()
}

// kill ends the replica, and with it its memory.
func (r *replica) kill() {
	r.stop()
	<-r.done
}

// inBubble runs a test in virtual time.
func inBubble(t *testing.T, f func(*testing.T)) {
	t.Helper()
	synctest.Test(t, f)
}

// state returns which ticks were processed, and which executions have an entry.
func (c *cluster) state() state.Stored {
	c.t.Helper()
	stored, problems, err := state.NewConfigMapStore(c.client.CoreV1().ConfigMaps(testNamespace), testName).Read(c.ctx)
	must(c.t, err)
	if len(problems) > 0 {
		c.t.Errorf("state: %v", problems)
	}
	return stored
}

// resources returns the client of the Executions.
func (c *cluster) resources() v1alpha1client.ExecutionInterface {
	return c.client.V1alpha1().Executions(testNamespace)
}

// store returns the store of the execution records.
func (c *cluster) store() record.Store {
	return record.NewStore(c.resources(), c.client.CoreV1().ConfigMaps(testNamespace), testName)
}

// records returns all execution records, the oldest first.
func (c *cluster) records() []record.Record {
	c.t.Helper()
	all, err := c.store().ListOf(c.ctx, testName)
	must(c.t, errors.Join(err, all.Damage()))
	return c.withClosed(all)
}

// withClosed returns the records of a list, with those of closed executions, which a list
// has without their plans.
func (c *cluster) withClosed(all record.Listing) []record.Record {
	c.t.Helper()
	records := all.Records
	for _, head := range all.Closed {
		r, err := c.store().Load(c.ctx, head.Object)
		must(c.t, err)
		records = append(records, r)
	}
	slices.SortFunc(records, func(a, b record.Record) int { return cmp.Compare(a.Plan.ID, b.Plan.ID) })
	return records
}

var (
	succeeded = execution.Outcome{State: execution.Succeeded}
	cordoned  = func(n *corev1.Node) { n.Spec.Unschedulable = true }
)

func failedWith(reason execution.Reason) execution.Outcome {
	return execution.Outcome{State: execution.Failed, Reason: reason}
}

func lostBy(reason execution.Reason) execution.Outcome {
	return execution.Outcome{State: execution.Lost, Reason: reason}
}

func contains(s, part string) bool { return strings.Contains(s, part) }

func jobName(at time.Time, node string) string {
	return jobspec.JobName(testName, execution.Key{Execution: execution.NewID(at), Node: node})
}

func (c *cluster) failingFor(node string, err error) clienttesting.ReactionFunc {
	return func(action clienttesting.Action) (bool, runtimeObject, error) {
		job := action.(clienttesting.CreateAction).GetObject().(*batchv1.Job)
		if job.Annotations[jobspec.NodeAnnotation] == node {
			return true, nil, err
		}
		return false, nil, nil
	}
}

// The name and a key of the ConfigMap of the state, which people and tools read.
const (
	stateSuffix = "-state"
	ticksKey    = "ticks"
)

// openRecord creates and opens the Execution of a plan, as a leader does.
func (c *cluster) openRecord(plan execution.Plan, account execution.Account) record.Record {
	c.t.Helper()
	e, err := c.store().Create(c.ctx, record.NodeCronJob{Name: testName}, execution.Firing{Trigger: plan.Trigger, Scheduled: plan.Scheduled})
	must(c.t, err)
	plan.NodeCronJob = testName
	r, err := c.store().Open(c.ctx, e, plan, record.Next{Account: account, At: time.Now()})
	must(c.t, err)
	return r
}
