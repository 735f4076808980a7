package app

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer/protobuf"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/client-go/kubernetes/scheme"

	"github.com/batch-job-controller/batch-job-controller/controller/config"
)

// badConfig is a ConfigMap that the server is started with.
type badConfig struct {
	text     string            // of config.yaml, added to what has to be there
	whole    string            // or all of it
	template string            // of a good Pod
	data     map[string]string // or the whole ConfigMap
	env      map[string]string
	api      badAPI

	refused []string // what is printed before exit status 2; none: it starts
	warned  []string
	within  time.Duration
}

func refuseConfig(text string, says ...string) badConfig { return badConfig{text: text, refused: says} }
func refuseWhole(text string, says ...string) badConfig  { return badConfig{whole: text, refused: says} }
func takeConfig(text string, warned ...string) badConfig {
	return badConfig{text: text, warned: warned}
}
func refuseTemplate(text string, says ...string) badConfig {
	return badConfig{template: text, refused: append([]string{config.PodTemplateKey}, says...)}
}
func takeTemplate(text string, warned ...string) badConfig {
	return badConfig{template: text, warned: warned}
}

func (c badConfig) check(t *testing.T, _ *badServer, _ string) {
	t.Helper()
	api := c.api
	api.data = c.data
	if api.data == nil {
		api.data = map[string]string{config.ConfigKey: c.document(t), config.PodTemplateKey: goodTemplate}
	}
	if c.template != "" {
		api.data[config.PodTemplateKey] = c.template
	}
	server := httptest.NewServer(&api)
	defer server.Close()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	output := stopWriter{stop: stop}
	start := time.Now()
	status := run(ctx, []string{
		"--kubeconfig=" + writeKubeconfig(t, server.URL), "--shutdown-delay-duration=0s", "--health-probe-bind-address=127.0.0.1:0",
		"--report-bind-address=127.0.0.1:0", "--callback-bind-address=127.0.0.1:0", "--metrics-bind-address=127.0.0.1:0", "--logging-format=text",
	}, c.lookup, &output, func(*slog.Logger) {}) // other servers run, and log
	if took := time.Since(start); c.within > 0 && took > c.within {
		t.Errorf("took %s", took)
	}
	want, says := exitOK, append([]string{startedMessage}, c.warned...)
	if len(c.refused) > 0 {
		want, says = exitMisused, c.refused
	}
	log := strings.ReplaceAll(output.String(), `\"`, `"`)
	if status != want {
		t.Errorf("exit status: want %d, got %d:\n%.4000s", want, status, log)
	}
	for _, text := range says {
		if !strings.Contains(log, text) {
			t.Errorf("no %q in\n%.4000s", text, log)
		}
	}
	if len(c.warned) == 0 && want == exitOK && strings.Contains(log, "msg=configuration") {
		t.Errorf("unwanted warnings:\n%.4000s", log)
	}
	if want == exitMisused && strings.Contains(log, startedMessage) {
		t.Error("it started all the same")
	}
}

const startedMessage = "msg=started"

// document returns the text of config.yaml: what has to be there, unless it is.
func (c badConfig) document(t *testing.T) string {
	t.Helper()
	if c.whole != "" {
		return c.whole
	}
	var b strings.Builder
	for _, line := range []string{
		"name: bad", `cronExpression: "42 3 * * *"`, "callbackServiceName: bad", "metrics: {prefix: bad}", "reportDirectory: " + t.TempDir(),
	} {
		key, _, _ := strings.Cut(line, ":")
		if !strings.HasPrefix(c.text, key+":") && !strings.Contains(c.text, "\n"+key+":") {
			b.WriteString(line + "\n")
		}
	}
	return b.String() + c.text
}

func (c badConfig) lookup(name string) (string, bool) {
	if value, ok := c.env[name]; ok {
		return value, true
	}
	value, ok := map[string]string{"NAMESPACE": "jobs", "CONFIG_MAP_NAME": "bad"}[name]
	return value, ok
}

func writeKubeconfig(t *testing.T, server string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "kubeconfig")
	text := fmt.Sprintf(`apiVersion: v1
kind: Config
current-context: bad
clusters: [{name: bad, cluster: {server: %q}}]
users: [{name: bad, user: {}}]
contexts: [{name: bad, context: {cluster: bad, user: bad}}]
`, server)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// stopWriter ends a server once it says that it has started.
type stopWriter struct {
	lockedBuffer
	stop context.CancelFunc
	once sync.Once
}

func (w *stopWriter) Write(p []byte) (int, error) {
	if bytes.Contains(p, []byte(startedMessage)) {
		w.once.Do(w.stop)
	}
	return w.lockedBuffer.Write(p)
}

// badAPI is the part of an API server that the startup needs.
type badAPI struct {
	data      map[string]string // of the ConfigMap
	noService bool
	refuses   string // why it refuses the Job
}

func (a *badAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	meta := metav1.ObjectMeta{Name: "bad", Namespace: "jobs"}
	switch {
	case r.Method == http.MethodGet && r.URL.Path == "/api/v1/namespaces/jobs/configmaps/bad":
		answer(w, http.StatusOK, &corev1.ConfigMap{TypeMeta: typeOf("ConfigMap"), ObjectMeta: meta, Data: a.data})
	case r.Method == http.MethodGet && r.URL.Path == "/api/v1/namespaces/jobs/services/bad" && !a.noService:
		answer(w, http.StatusOK, &corev1.Service{
			TypeMeta: typeOf("Service"), ObjectMeta: meta,
			Spec: corev1.ServiceSpec{Ports: []corev1.ServicePort{{Port: 8090}}},
		})
	case r.Method == http.MethodPost && r.URL.Query().Get("dryRun") != "" && a.refuses != "":
		answer(w, http.StatusUnprocessableEntity, statusOf(apierrors.NewInvalid(schema.GroupKind{Group: "batch", Kind: "Job"}, "bad", field.ErrorList{field.Invalid(field.NewPath("spec"), "", a.refuses)})))
	case r.Method == http.MethodPost:
		body, _ := io.ReadAll(r.Body) // what is cut off the client will not understand
		w.Header().Set("Content-Type", r.Header.Get("Content-Type"))
		w.WriteHeader(http.StatusCreated)
		_, _ = w.Write(body) // created unchanged
	default:
		answer(w, http.StatusNotFound, statusOf(apierrors.NewNotFound(schema.GroupResource{}, r.URL.Path)))
	}
}

func typeOf(kind string) metav1.TypeMeta { return metav1.TypeMeta{APIVersion: "v1", Kind: kind} }

func statusOf(err *apierrors.StatusError) *metav1.Status {
	err.ErrStatus.TypeMeta = typeOf("Status")
	return &err.ErrStatus
}

// answer writes an object in the way in which texts need not be UTF-8.
func answer(w http.ResponseWriter, status int, object runtime.Object) {
	w.Header().Set("Content-Type", runtime.ContentTypeProtobuf)
	w.WriteHeader(status)
	_ = protobuf.NewSerializer(scheme.Scheme, scheme.Scheme).Encode(object, w) // the client may have gone
}
