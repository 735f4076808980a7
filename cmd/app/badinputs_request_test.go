package app

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/route"
)

// badRequest is a request as it goes over the wire. In its texts {task} is the
// path of the node task with its token, {plain} that without, {future} and
// {past} are those of other executions, and {node}, {execution} and {token} are
// what they say.
type badRequest struct {
	raw    string // all of it; or else
	method string // POST
	path   string // {task}/result
	header []string
	body   string
	stream io.Reader // instead of the body, in chunks

	breaksOff bool   // nothing comes after the body
	toReports bool   // not to the callback port
	from      string // another address of the loopback interface
	node      string // another one than the input's own
	hasPod    bool   // the Job has its pod

	status  int
	says    []string // what the head and the body of the answer hold
	saysNot []string
	leaves  leftovers
	isOneOf bool     // of many: what is left is looked at behind the last
	logs    []string // on lines that name the node
}

// leftovers are all effects of a node in the server and in the cluster.
type leftovers struct {
	Files  map[string]string // content, by the name behind the node's; of a long one the size
	Values map[string]string // of the gauges, by name and label
	Events []string
}

func (r badRequest) check(t *testing.T, s *badServer, node string) {
	t.Helper()
	node = cmp.Or(r.node, node)
	if r.hasPod {
		s.addPod(t, node)
	}
	head, body := r.send(t, s, node)
	if _, status, _ := strings.Cut(head, " "); !strings.HasPrefix(status, strconv.Itoa(r.status)+" ") {
		t.Errorf("answer: want %d, got %s%.1000s", r.status, head, body)
	}
	if r.status != http.StatusOK && !r.toReports && len(body) > 1024 {
		t.Errorf("answer: %d bytes", len(body))
	}
	for _, want := range r.says {
		if want = s.replacer(node).Replace(want); !strings.Contains(head+body, want) {
			t.Errorf("answer: no %q in %s%.1000s", want, head, body)
		}
	}
	for _, no := range append(r.saysNot, s.directory) {
		if strings.Contains(head+body, no) {
			t.Errorf("answer: %q in %s%.1000s", no, head, body)
		}
	}
	if r.isOneOf {
		return
	}
	if diff := gocmp.Diff(r.leaves.filled(s, node), s.leftoversOf(t, node), equateEmpty()); diff != "" {
		t.Errorf("what is left (-want +got):\n%s", diff)
	}
	for _, want := range r.logs {
		if !slices.ContainsFunc(strings.Split(s.log.String(), "\n"), func(line string) bool {
			return strings.Contains(line, "node="+node) && strings.Contains(line, want)
		}) {
			t.Errorf("log: no line of %s has %q", node, want)
		}
	}
}

// filled replaces the placeholders by the node's names.
func (l leftovers) filled(s *badServer, node string) leftovers {
	fill := s.replacer(node)
	events := make([]string, len(l.Events))
	for i, event := range l.Events {
		events[i] = fill.Replace(event)
	}
	files := map[string]string{}
	for name, content := range l.Files {
		files[fill.Replace(name)] = fill.Replace(content)
	}
	l.Files, l.Events = files, events
	return l
}

// badRequests are sent one after the other.
type badRequests []badRequest

func (rs badRequests) check(t *testing.T, s *badServer, node string) {
	t.Helper()
	for _, r := range rs {
		r.check(t, s, node)
	}
}

// send returns the head and the body of the answer.
func (r badRequest) send(t *testing.T, s *badServer, node string) (string, string) {
	t.Helper()
	text := r.text(s, node) // before the connection is open: the text may be large
	var dialer net.Dialer
	if r.from != "" {
		dialer.LocalAddr = &net.TCPAddr{IP: net.ParseIP(r.from)}
	}
	address := s.callbacks
	if r.toReports {
		address = s.reports
	}
	conn, err := dialer.DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	written := make(chan struct{})
	go func() {
		defer close(written)
		_, _ = io.Copy(conn, text) // the server may stop reading
		if half, ok := conn.(*net.TCPConn); ok && r.breaksOff {
			_ = half.CloseWrite()
		}
	}()
	defer func() {
		_ = conn.Close()
		<-written
	}()
	answer, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: r.method})
	if err != nil {
		t.Fatalf("answer: %v", err)
	}
	defer answer.Body.Close()
	var head strings.Builder
	fmt.Fprintf(&head, "%s %s\r\n", answer.Proto, answer.Status)
	if err := answer.Header.Write(&head); err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatalf("answer: %v", err)
	}
	return head.String(), string(body)
}

func (r badRequest) text(s *badServer, node string) io.Reader {
	fill := s.replacer(node)
	if r.raw != "" {
		return strings.NewReader(fill.Replace(r.raw))
	}
	lines := []string{cmp.Or(r.method, http.MethodPost) + " " + cmp.Or(r.path, "{task}/result") + " HTTP/1.1", "Host: bad"}
	lines = append(lines, r.header...)
	if r.stream != nil {
		lines = append(lines, "Transfer-Encoding: chunked")
		return io.MultiReader(strings.NewReader(fill.Replace(strings.Join(lines, "\r\n"))+"\r\n\r\n"), r.stream)
	}
	if !slices.ContainsFunc(lines, func(line string) bool { return strings.HasPrefix(line, "Content-Length:") }) {
		lines = append(lines, fmt.Sprintf("Content-Length: %d", len(fill.Replace(r.body))))
	}
	return strings.NewReader(fill.Replace(strings.Join(lines, "\r\n") + "\r\n\r\n" + r.body))
}

func (s *badServer) replacer(node string) *strings.Replacer {
	token := s.keyring.Token(s.key(node))
	plain := strings.TrimSuffix(route.Path(route.Result, s.key(node)), "/result")
	other := func(id execution.ID) string {
		key := execution.Key{Execution: id, Node: node}
		return route.TokenPath(s.keyring.Token(key)) + strings.TrimSuffix(route.Path(route.Result, key), "/result")
	}
	return strings.NewReplacer(
		"{future}", other("29991231235959"), "{past}", other("20200101000000"),
		"{task}", route.TokenPath(token)+plain, "{plain}", plain,
		"{node}", node, "{execution}", string(s.execution), "{token}", token,
	)
}

func equateEmpty() gocmp.Option { return cmpopts.EquateEmpty() }

func (s *badServer) leftoversOf(t *testing.T, node string) leftovers {
	t.Helper()
	return leftovers{Files: s.filesOf(t, node), Values: s.valuesOf(t, node), Events: s.eventsOf(t, node)}
}

func (s *badServer) filesOf(t *testing.T, node string) map[string]string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(s.directory, string(s.execution), node+"*"))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, path := range paths {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if len(content) > 4096 {
			content = fmt.Appendf(nil, "%d bytes", len(content))
		}
		files[strings.TrimPrefix(filepath.Base(path), node)] = string(content)
	}
	return files
}

// valuesOf reads the registry and not /metrics, whose text has the series of all
// nodes.
func (s *badServer) valuesOf(t *testing.T, node string) map[string]string {
	t.Helper()
	families, err := s.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]string{}
	for _, family := range families {
		name, isGauge := strings.CutPrefix(family.GetName(), "bad_")
		if !isGauge || (name != "test" && name != "other") {
			continue
		}
		for _, m := range family.GetMetric() {
			labels := map[string]string{}
			for _, l := range m.GetLabel() {
				labels[l.GetName()] = l.GetValue()
			}
			if labels["node"] == node {
				values[name+" "+escaped.Replace(labels["label"])] = strconv.FormatFloat(m.GetGauge().GetValue()+0, 'g', -1, 64) // no -0
			}
		}
	}
	return values
}

// escaped escapes the value of a label as /metrics does.
var escaped = strings.NewReplacer("\\", `\\`, "\n", `\n`, `"`, `\"`)

func (s *badServer) eventsOf(t *testing.T, node string) []string {
	t.Helper()
	list, err := s.client.EventsV1().Events("").List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var events []string
	for _, e := range list.Items {
		if strings.HasPrefix(e.Regarding.Name, s.jobName(node)) {
			times := int32(1)
			if e.Series != nil {
				times = e.Series.Count
			}
			action := ""
			if e.Action != "Report" {
				action = " by " + e.Action
			}
			events = append(events, fmt.Sprintf("%d×%s %s %s/%s: %s%s", times, e.Regarding.Kind, e.Namespace, e.Type, e.Reason, e.Note, action))
		}
	}
	return events
}
