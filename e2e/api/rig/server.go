package rig

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/route"
	"github.com/batch-job-controller/batch-job-controller/e2e/api/rig/process"
)

// Server is one replica of the server under test. It may be restarted after it has ended.
type Server struct {
	Host string // the address it listens on; its pods get that of the first replica

	site       *Site
	replica    int
	program    string
	env        []string
	args       []string
	deprecated bool // use the flag names of earlier versions
	kubeconfig string
	lease      Lease
	log        string // path of its log
	process    *process.Process
}

// Lease has the timings with which a server competes for its Lease.
type Lease struct{ Duration, RenewDeadline, RetryPeriod time.Duration }

// UsualLease returns timings that are short for a test, but long enough to keep the Lease on a
// busy machine.
func UsualLease() Lease {
	return Lease{Duration: 6 * time.Second, RenewDeadline: 4 * time.Second, RetryPeriod: 500 * time.Millisecond}
}

// ShortLease returns timings for tests in which many leaders die, and in which a leader may lose
// its Lease because the machine is busy. A Lease object has whole seconds.
func ShortLease() Lease {
	return Lease{Duration: 2 * time.Second, RenewDeadline: 1200 * time.Millisecond, RetryPeriod: 200 * time.Millisecond}
}

// drain is long enough for the next leader to be found.
const drain = 2 * time.Second

// NewServer returns a replica that is not started. The first replica is 1.
func (s *Site) NewServer(replica int) *Server {
	server := &Server{
		Host:       s.ports.host(replica),
		site:       s,
		replica:    replica,
		program:    s.Server(),
		kubeconfig: s.Kubeconfig(),
		lease:      UsualLease(),
		log:        filepath.Join(s.tb.TempDir(), fmt.Sprintf("server-%d.log", replica)),
	}
	s.tb.Cleanup(func() {
		server.Kill()
		server.checkLog()
	})
	return server
}

// WithKubeconfig sets the kubeconfig of the server. The default is an administrator's.
func (s *Server) WithKubeconfig(path string) *Server {
	s.kubeconfig = path
	return s
}

// WithProgram sets the program to run instead of the server.
func (s *Server) WithProgram(path string) *Server {
	s.program = path
	return s
}

// WithEnv sets additional environment variables for later starts.
func (s *Server) WithEnv(env ...string) *Server {
	s.env = env
	return s
}

// WithArgs sets additional arguments for later starts.
func (s *Server) WithArgs(args ...string) *Server {
	s.args = args
	return s
}

// WithDeprecatedFlags uses the flag names of earlier versions, which this version accepts, too.
func (s *Server) WithDeprecatedFlags() *Server {
	s.deprecated = true
	return s
}

// WithLease sets the timings of the Lease. The default is UsualLease.
func (s *Server) WithLease(lease Lease) *Server {
	s.lease = lease
	return s
}

// Start starts the process, and returns before it is ready.
func (s *Server) Start() {
	s.site.tb.Helper()
	log, err := os.OpenFile(s.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		s.site.tb.Fatal(err)
	}
	defer log.Close()
	cmd := exec.Command(s.program, s.flags()...)
	cmd.Env = append(os.Environ(),
		"NAMESPACE="+s.site.Namespace,
		"CONFIG_MAP_NAME="+configMapName,
		"POD_IP="+s.site.CallbackHost(),
		"HOSTNAME=replica-"+strconv.Itoa(s.replica),
		"GORACE=halt_on_error=1",
	)
	cmd.Env = append(cmd.Env, s.env...) // these take precedence
	cmd.Stdout, cmd.Stderr = log, log
	if s.process, err = process.Start(cmd); err != nil {
		s.site.tb.Fatal(err)
	}
}

// Kill ends the process as a crash does.
func (s *Server) Kill() {
	s.site.tb.Helper()
	s.end(os.Kill)
}

// Stop ends the process as a kubelet does, and returns how long that took. The process must end
// with success.
func (s *Server) Stop() time.Duration {
	s.site.tb.Helper()
	began := time.Now()
	s.end(syscall.SIGTERM)
	if state := s.process.Outcome(); state.ExitCode() != 0 {
		s.site.tb.Errorf("the server did not end with success: %s", state)
	}
	return time.Since(began)
}

// Pause suspends the process at any instruction, until Resume.
func (s *Server) Pause() { s.send(syscall.SIGSTOP) }

// Resume resumes a suspended process.
func (s *Server) Resume() { s.send(syscall.SIGCONT) }

func (s *Server) send(signal syscall.Signal) {
	s.site.tb.Helper()
	if err := s.process.Signal(signal); err != nil {
		s.site.tb.Fatal(err)
	}
}

// WaitEnded waits until the process has ended by itself.
func (s *Server) WaitEnded(timeout time.Duration) {
	s.site.tb.Helper()
	select {
	case <-s.process.Ended():
	case <-time.After(timeout):
		s.site.tb.Fatalf("replica %d still runs after %s", s.replica, timeout)
	}
}

// WaitKilled waits until the process has killed itself.
func (s *Server) WaitKilled(timeout time.Duration) {
	s.site.tb.Helper()
	s.WaitEnded(timeout)
	if status, ok := s.process.Outcome().Sys().(syscall.WaitStatus); !ok || status.Signal() != syscall.SIGKILL {
		s.site.tb.Fatalf("replica %d was not killed: %s", s.replica, s.process.Outcome())
	}
}

func (s *Server) end(signal os.Signal) {
	s.site.tb.Helper()
	if s.process == nil {
		return
	}
	if err := s.process.End(signal); err != nil {
		s.site.tb.Fatal(err)
	}
}

// Running reports whether the process runs.
func (s *Server) Running() bool { return s.process != nil && s.process.Running() }

// PID is the ID of the process.
func (s *Server) PID() int { return s.process.PID() }

// Usage returns the resource usage of the process since its start.
func (s *Server) Usage() process.Usage {
	s.site.tb.Helper()
	usage, err := s.process.Usage()
	if err != nil {
		s.site.tb.Fatal(err)
	}
	return usage
}

// Log returns the log of all starts of the server.
func (s *Server) Log() []byte {
	s.site.tb.Helper()
	data, err := os.ReadFile(s.log)
	if err != nil {
		s.site.tb.Fatal(err)
	}
	return data
}

// checkLog fails the test if the log has text that no server may log. If the test has failed, it
// shows the end of the log.
func (s *Server) checkLog() {
	if s.process == nil {
		return
	}
	log := s.Log()
	for _, never := range []string{"DATA RACE", "panic:", "fatal error:"} {
		if bytes.Contains(log, []byte(never)) {
			s.site.tb.Errorf("the server's log has %q", never)
		}
	}
	if s.site.tb.Failed() {
		const last = 6 << 10
		s.site.tb.Logf("the end of the log of replica %d:\n%s", s.replica, log[max(0, len(log)-last):])
	}
}

// Metrics returns the metrics of the server.
func (s *Server) Metrics() Metrics {
	s.site.tb.Helper()
	m, err := s.Scrape()
	if err != nil {
		s.site.tb.Fatal(err)
	}
	return m
}

// Scrape returns the metrics of the server, or an error if it does not respond.
func (s *Server) Scrape() (Metrics, error) {
	response, err := http.Get("http://" + s.site.ports.address(s.replica, s.site.ports.metrics) + "/metrics")
	if err != nil {
		return nil, fmt.Errorf("scrape: %w", err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("scrape: %s: %w", response.Status, err)
	}
	return ParseMetrics(string(text)), nil
}

// CallbackPort returns the callback port of the servers.
func (s *Site) CallbackPort() int { return s.ports.callback }

// CallbackHost is the host in the callback URLs of job pods.
func (s *Site) CallbackHost() string { return s.ports.host(1) }

// CallbackURL returns the callback URL of a pod with the token, at this replica.
func (s *Server) CallbackURL(kind route.Kind, key execution.Key, token string) string {
	return route.URL(s.Host, s.site.ports.callback, route.TokenPath(token), kind, key)
}

// ReportURL returns the URL of a path of the reports at this replica.
func (s *Server) ReportURL(path string) string {
	return "http://" + s.site.ports.address(s.replica, s.site.ports.report) + path
}
