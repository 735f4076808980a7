package app

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	clienttesting "k8s.io/client-go/testing"

	"github.com/batch-job-controller/batch-job-controller/cmd/app/flags"
	"github.com/batch-job-controller/batch-job-controller/controller/auth"
	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/report"
	"github.com/batch-job-controller/batch-job-controller/controller/testkit"
)

const badConfiguration = `name: bad
cronExpression: "0 0 1 1 *"
runOnStartup: true
startupDelay: 0s
podPoolSize: 1000
callbackServiceName: bad
callback:
  limits: {eventsPerSecond: 1000, eventBurst: 100, bytesPerTask: 33Mi}
metrics:
  prefix: bad
  gauges:
    test: {help: A test., labels: [label]}
    other: {}
`

// The faults around the server.
const (
	fullDiskContent = "the disk is full now"
	deniedMessage   = "the API server denies this event"
)

// badServer is the server with real ports and files. Its API server is in
// memory, and every node has a Job.
type badServer struct {
	callbacks, reports string // addresses
	registry           prometheus.Gatherer

	outside   string // the parent of the report directory
	directory string
	client    *testkit.Clientset
	keyring   *auth.Keyring
	execution execution.ID
	log       *lockedBuffer
	nodes     []string
	created   chan runtime.Object // what is created in the cluster
	ended     chan error          // why a replica ended by itself
}

// startBadServer returns a server whose nodes all have their Job.
func startBadServer(t *testing.T, nodes []string) *badServer {
	t.Helper()
	s := newBadServer(t, badConfiguration, corev1.ServiceSpec{ClusterIP: "10.96.0.7"}, nodes)
	a := s.run(t, "--advertise-address=127.0.0.1")
	for range nodes {
		s.await(t, isJob)
	}
	s.callbacks, s.reports, s.registry = a.servers[0].Addr(), a.servers[1].Addr(), a.registry
	latest, err := os.Readlink(filepath.Join(s.directory, "latest"))
	if err != nil {
		t.Fatal(err)
	}
	s.execution = execution.ID(latest)
	return s
}

// newBadServer returns a cluster in which no server runs.
func newBadServer(t *testing.T, configuration string, service corev1.ServiceSpec, nodes []string) *badServer {
	t.Helper()
	s := &badServer{
		outside: t.TempDir(), client: testkit.NewClientset(), log: &lockedBuffer{}, nodes: nodes,
		created: make(chan runtime.Object, 10*len(nodes)+100), ended: make(chan error, 2),
	}
	s.directory = filepath.Join(s.outside, "reports")
	service.Ports = []corev1.ServicePort{{Port: 8090}}
	s.prepareCluster(t, configuration, service)
	return s
}

// run runs a replica until the test ends.
func (s *badServer) run(t *testing.T, args ...string) *app {
	t.Helper()
	env := config.Env{Namespace: "jobs", ConfigMapName: "bad", ReportDirectory: s.directory, Hostname: "bad-0"}
	log := slog.New(slog.NewTextHandler(s.log, nil))
	cfg, err := loadConfig(t.Context(), s.client, env, log)
	if err != nil {
		t.Fatal(err)
	}
	o, err := flags.Parse(append(args,
		"--shutdown-delay-duration=0s", "--report-bind-address=127.0.0.1:0", "--callback-bind-address=127.0.0.1:0", "--metrics-bind-address=127.0.0.1:0"), s.log)
	if err != nil {
		t.Fatal(err)
	}
	if s.keyring, err = openKeyring(t.Context(), o, env, cfg, s.client); err != nil {
		t.Fatal(err)
	}
	a, err := newApp(o, env, cfg, s.client, s.keyring, collect([]Extension{WithDisk(newFillingDisk)}), log)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		if err := a.run(ctx, &starting{log: a.log}); err != nil {
			s.ended <- err
		}
	}()
	t.Cleanup(func() {
		stop()
		<-stopped
	})
	return a
}

// await waits until a matching object is created in the cluster.
func (s *badServer) await(t *testing.T, like func(runtime.Object) bool) runtime.Object {
	t.Helper()
	for {
		select {
		case o := <-s.created:
			if like(o) {
				return o
			}
		case err := <-s.ended:
			t.Fatalf("run: %v\n%s", err, s.log)
		}
	}
}

// prepareCluster fills the API server.
func (s *badServer) prepareCluster(t *testing.T, configuration string, service corev1.ServiceSpec) {
	t.Helper()
	meta := metav1.ObjectMeta{Name: "bad", Namespace: "jobs"}
	objects := []runtime.Object{
		&corev1.ConfigMap{ObjectMeta: meta, Data: map[string]string{config.ConfigKey: configuration, config.PodTemplateKey: goodTemplate}},
		&corev1.Service{ObjectMeta: meta, Spec: service},
	}
	for _, name := range s.nodes {
		objects = append(objects, &corev1.Node{
			ObjectMeta: metav1.ObjectMeta{Name: name, UID: types.UID(name)},
			Status:     corev1.NodeStatus{Conditions: []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue}}},
		})
	}
	for _, o := range objects {
		if err := s.client.Tracker().Add(o); err != nil {
			t.Fatal(err)
		}
	}
	s.client.PrependReactor("create", "*", s.onCreate)
}

// onCreate sets UIDs, and stores nothing in a dry run, as the fake API server does not.
func (s *badServer) onCreate(action clienttesting.Action) (bool, runtime.Object, error) {
	object := action.(clienttesting.CreateAction).GetObject()
	if create, ok := action.(clienttesting.CreateActionImpl); ok && len(create.CreateOptions.DryRun) > 0 {
		return true, object, nil
	}
	switch o := object.(type) {
	case *eventsv1.Event:
		if strings.Contains(o.Note, deniedMessage) {
			return true, nil, apierrors.NewForbidden(corev1.Resource("events"), o.Name, errors.New("not allowed"))
		}
	case *corev1.ConfigMap:
		o.UID = types.UID(o.Name)
	case *batchv1.Job:
		o.UID, o.CreationTimestamp = types.UID(o.Name), metav1.Now()
	}
	select {
	case s.created <- object.DeepCopyObject():
	default: // no test waits for it
	}
	return false, nil, nil
}

// addPod gives the node's Job a pod.
func (s *badServer) addPod(t *testing.T, node string) {
	t.Helper()
	job, err := s.client.BatchV1().Jobs("jobs").Get(t.Context(), s.jobName(node), metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Name: job.Name + "-pod", Namespace: job.Namespace, UID: types.UID(job.Name + "-pod"),
			Labels: maps.Clone(job.Spec.Template.Labels), Annotations: job.Spec.Template.Annotations,
			CreationTimestamp: metav1.Now(),
			OwnerReferences:   []metav1.OwnerReference{*metav1.NewControllerRef(job, batchv1.SchemeGroupVersion.WithKind("Job"))},
		},
		Spec:   corev1.PodSpec{NodeName: node},
		Status: corev1.PodStatus{Phase: corev1.PodPending},
	}
	pod.Labels[batchv1.JobNameLabel] = job.Name
	if _, err := s.client.CoreV1().Pods("jobs").Create(t.Context(), pod, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
}

func (s *badServer) key(node string) execution.Key {
	return execution.Key{Execution: s.execution, Node: node}
}

func (s *badServer) jobName(node string) string { return jobspec.JobName("bad", s.key(node)) }

// checkDirectory fails for files that belong to no node, or are outside of the report
// directory.
func (s *badServer) checkDirectory(t *testing.T) {
	t.Helper()
	err := filepath.WalkDir(s.outside, func(path string, _ os.DirEntry, err error) error {
		name, _ := filepath.Rel(s.outside, path)
		directory := "reports/" + string(s.execution)
		known := []string{".", "reports", "reports/latest", "reports/.results-claimed-by", directory, directory + "/.about.json"}
		isOfNode := func(node string) bool {
			return strings.HasPrefix(name, filepath.Join("reports", string(s.execution), node))
		}
		if err == nil && !slices.Contains(known, name) && !slices.ContainsFunc(s.nodes, isOfNode) {
			t.Errorf("in the report directory, or beside it: %s", name)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// fillingDisk is a disk that has no room for some files.
type fillingDisk struct{ report.Disk }

func newFillingDisk(d report.Disk) report.Disk { return fillingDisk{d} }

func (d fillingDisk) Create(name string) (report.File, error) {
	file, err := d.Disk.Create(name)
	return fillingFile{file}, err
}

type fillingFile struct{ report.File }

func (f fillingFile) Write(p []byte) (int, error) {
	if at := bytes.Index(p, []byte(fullDiskContent)); at >= 0 {
		n, err := f.File.Write(p[:at])
		return n, errors.Join(err, syscall.ENOSPC)
	}
	return f.File.Write(p)
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
