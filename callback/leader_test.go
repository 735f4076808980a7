package callback

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/route"
)

// election is the leader in the view of one replica.
type election struct {
	mu      sync.Mutex
	now     Leader
	changed chan struct{}
}

func newElection(now Leader) *election { return &election{now: now, changed: make(chan struct{})} }

func (e *election) find() (Leader, <-chan struct{}) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.now, e.changed
}

func (e *election) set(now Leader) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.now = now
	close(e.changed)
	e.changed = make(chan struct{})
}

// member is a replica. All listen on the same port, each on its own address.
type member struct {
	*fakeRecorder
	*election
	host, port string
	forwards   []string
	mu         sync.Mutex
}

// startMembers starts replicas on 127.0.0.1, 127.0.0.2 and so on.
func startMembers(t *testing.T, n int, limits Limits) []*member {
	t.Helper()
	var members []*member
	port := "0"
	for i := range n {
		m := &member{fakeRecorder: &fakeRecorder{}, election: newElection(Leader{}), host: "127.0.0." + string(rune('1'+i))}
		listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", net.JoinHostPort(m.host, port))
		if err != nil {
			t.Fatal(err)
		}
		_, port, err = net.SplitHostPort(listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		m.port = port
		server := &http.Server{ReadHeaderTimeout: time.Second, Handler: NewHandler(m, Options{
			Leader: m.find, ForwardPort: port, Limits: limits,
			ObserveForward: func(outcome string) {
				m.mu.Lock()
				defer m.mu.Unlock()
				m.forwards = append(m.forwards, outcome)
			},
		})}
		go func() { _ = server.Serve(listener) }()
		t.Cleanup(func() { _ = server.Close() })
		members = append(members, m)
	}
	return members
}

func (m *member) forwarded() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return strings.Join(m.forwards, " ")
}

func (m *member) url(kind route.Kind) string {
	return "http://" + net.JoinHostPort(m.host, m.port) + "/report/" + testKey.Node + "/" + string(testKey.Execution) + "/" + string(kind)
}

func (m *member) post(t *testing.T, kind route.Kind, body io.Reader) (status int, answer string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, m.url(kind), body)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

const oneResult = "result of node-1.zone-a at 20261124034200: 1"

func TestAnEventOutlivesALeaderThatIsCutOff(t *testing.T) {
	m := startMembers(t, 2, Limits{})
	old, successor := m[0], m[1]
	old.err = execution.ErrNoAnswer
	old.meets = func(context.Context) { // the Lease is lost during the write
		successor.set(Leader{Here: true})
		old.set(Leader{Host: successor.host})
	}
	old.set(Leader{Here: true})
	status, answer := old.post(t, route.Event, strings.NewReader(`{"reason":"Full","message":"disk"}`))
	if status != http.StatusOK {
		t.Errorf("got %d %s, want 200", status, answer)
	}
	want := "event of node-1.zone-a at 20261124034200: {Warning:false Reason:Full Action: Message:disk}"
	if got := successor.called(); got != want {
		t.Errorf("the next leader was told %q, want %q", got, want)
	}
}

func TestAStandbyPassesCallbacksOn(t *testing.T) {
	large := strings.Repeat("x", 3<<20)
	tests := map[string]struct {
		kind       route.Kind
		body       string
		err        error // the leader's
		wantStatus int
		wantAnswer string
		wantCall   string
	}{
		"a result":                          {kind: route.Result, body: "1", wantStatus: 200, wantCall: oneResult},
		"a file":                            {kind: route.File, body: "text", wantStatus: 200, wantAnswer: `{"files":["node-1.zone-a-"]}`, wantCall: `file "" (): text`},
		"a file that is not kept in memory": {kind: route.File, body: large, wantStatus: 200, wantAnswer: `{"files":["node-1.zone-a-"]}`, wantCall: `file "" (): 3145728 bytes`},
		"an event": {kind: route.Event, body: `{"reason":"Full","message":"disk"}`, wantStatus: 200,
			wantCall: "event of node-1.zone-a at 20261124034200: {Warning:false Reason:Full Action: Message:disk}"},
		"what the leader refuses": {kind: route.Result, body: "1", err: execution.ErrEnded, wantStatus: http.StatusGone, wantAnswer: `{"error":"the node task has ended"}`, wantCall: oneResult},
		"a leader that is busy":   {kind: route.Result, body: "1", err: execution.ErrUnavailable, wantStatus: http.StatusServiceUnavailable, wantAnswer: `{"error":"temporarily unavailable"}`, wantCall: oneResult},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			m := startMembers(t, 2, Limits{})
			leader, standby := m[0], m[1]
			leader.err = tt.err
			leader.set(Leader{Here: true})
			standby.set(Leader{Host: leader.host})
			status, answer := standby.post(t, tt.kind, strings.NewReader(tt.body))
			if status != tt.wantStatus || strings.TrimSpace(answer) != tt.wantAnswer {
				t.Errorf("answer: got %d %s, want %d %s", status, answer, tt.wantStatus, tt.wantAnswer)
			}
			if got := leader.called(); got != tt.wantCall {
				t.Errorf("the leader was called: got %s, want %s", got, tt.wantCall)
			}
			if got := standby.called(); got != "" {
				t.Errorf("the standby took %s itself", got)
			}
			if got := standby.forwarded(); got != "answered" {
				t.Errorf("observed: got %q, want answered", got)
			}
		})
	}
}

// The view of a standby may be wrong, and may change while the request waits.
func TestARequestWaitsForTheLeader(t *testing.T) {
	tests := map[string]struct {
		begin Leader // in the view of the standby, member 1; in the end member 0 is the leader
		then  func(m []*member)
	}{
		"there is no leader, and then another replica leads": {Leader{}, func(m []*member) {
			m[0].set(Leader{Here: true})
			m[1].set(Leader{Host: m[0].host})
		}},
		"there is no leader, and then this replica leads": {Leader{}, func(m []*member) {
			m[1].set(Leader{Here: true})
		}},
		"the leader is dead, and another one leads": {Leader{Host: "127.0.0.99"}, func(m []*member) {
			m[0].set(Leader{Here: true})
			m[1].set(Leader{Host: m[0].host})
		}},
		"the leader has the Lease and is not ready": {Leader{Host: "127.0.0.1"}, func(m []*member) {
			m[0].set(Leader{Here: true})
		}},
		"the other one takes this one for the leader": {Leader{Host: "127.0.0.1"}, func(m []*member) {
			m[0].set(Leader{Host: m[1].host})
			m[1].set(Leader{Here: true})
		}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			m := startMembers(t, 2, Limits{})
			m[1].set(tt.begin)
			answered := make(chan int, 1)
			go func() {
				status, _ := m[1].post(t, route.Result, strings.NewReader("1"))
				answered <- status
			}()
			select {
			case status := <-answered:
				t.Fatalf("answered %d before anybody led", status)
			case <-time.After(2 * retryPause):
			}
			tt.then(m)
			if status := <-answered; status != http.StatusOK {
				t.Errorf("status: got %d, want 200", status)
			}
			if got := m[0].called() + m[1].called(); got != oneResult {
				t.Errorf("taken: got %s, want %s once", got, oneResult)
			}
		})
	}
}

// The leader hangs, for example because its node was cut off.
func TestARequestDoesNotWaitForAnOldLeader(t *testing.T) {
	m := startMembers(t, 3, Limits{})
	old, next, standby := m[0], m[1], m[2]
	met := make(chan struct{})
	old.meets = func(context.Context) {
		close(met)
		<-t.Context().Done()
	}
	old.set(Leader{Here: true})
	next.set(Leader{Here: true})
	standby.set(Leader{Host: old.host})
	answered := make(chan int, 1)
	go func() {
		status, _ := standby.post(t, route.Result, strings.NewReader("1"))
		answered <- status
	}()
	<-met
	standby.set(Leader{Host: next.host})
	if status := <-answered; status != http.StatusOK || next.called() != oneResult {
		t.Errorf("answer: got %d, and the next leader took %q", status, next.called())
	}
}

func TestALeaderThatLosesTheLeaseWhileItTakesAResultPassesItOn(t *testing.T) {
	m := startMembers(t, 2, Limits{})
	m[0].set(Leader{Here: true})
	m[1].set(Leader{Here: true})
	m[1].err = execution.ErrNotLeader
	m[1].meets = func(context.Context) { m[1].set(Leader{Host: m[0].host}) }
	if status, _ := m[1].post(t, route.Result, strings.NewReader("1")); status != http.StatusOK || m[0].called() != oneResult {
		t.Errorf("answer: got %d, and the next leader took %q", status, m[0].called())
	}
}

func TestARequestDoesNotWaitForEver(t *testing.T) {
	tests := map[string]struct {
		begin Leader
		body  string
	}{
		"there is no leader":    {Leader{}, "1"},
		"the leader is dead":    {Leader{Host: "127.0.0.99"}, "1"},
		"a file that was begun": {Leader{Host: "127.0.0.99"}, strings.Repeat("x", 2<<20)},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			m := startMembers(t, 1, Limits{Hold: 2 * retryPause})[0]
			m.set(tt.begin)
			status, answer := m.post(t, route.File, strings.NewReader(tt.body))
			if status != http.StatusServiceUnavailable || !strings.Contains(answer, "temporarily unavailable") {
				t.Errorf("answer: got %d %s, want 503", status, answer)
			}
		})
	}
}

// A replica does not forward a forwarded request again.
func TestTwoReplicasThatTakeEachOtherForTheLeader(t *testing.T) {
	m := startMembers(t, 2, Limits{Hold: 2 * retryPause})
	m[0].set(Leader{Host: m[1].host})
	m[1].set(Leader{Host: m[0].host})
	if status, _ := m[0].post(t, route.Result, strings.NewReader("1")); status != http.StatusServiceUnavailable {
		t.Errorf("status: got %d, want 503", status)
	}
	if got := m[0].called() + m[1].called(); got != "" {
		t.Errorf("taken: %s", got)
	}
}
