package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/client-go/kubernetes/scheme"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
)

// transport reports every request to the fuse. The target is the end of the path, after the
// namespace: jobs for a list, jobs/name, pods/name/log. The new phase of an Execution follows
// its subresource: executions/name/status/Open.
type transport struct {
	next    http.RoundTripper
	fuse    *fuse
	decoder runtime.Decoder
}

func newTransport(next http.RoundTripper, f *fuse) (*transport, error) {
	kinds := runtime.NewScheme()
	if err := errors.Join(scheme.AddToScheme(kinds), v1alpha1.AddToScheme(kinds)); err != nil {
		return nil, err
	}
	return &transport{next: next, fuse: f, decoder: serializer.NewCodecFactory(kinds).UniversalDeserializer()}, nil
}

// RoundTrip implements http.RoundTripper.
func (t *transport) RoundTrip(request *http.Request) (*http.Response, error) {
	if request.URL.Query().Get("dryRun") != "" {
		return t.next.RoundTrip(request)
	}
	target := targetOf(request.URL.Path)
	if request.Method == http.MethodPost || request.Method == http.MethodPut {
		object, copied, err := t.objectOf(request)
		if err != nil {
			return nil, err
		}
		if request.Method == http.MethodPost {
			target = path.Join(target, object.GetName())
		}
		if e, ok := object.(*v1alpha1.Execution); ok {
			target = path.Join(target, string(e.Status.Phase))
		}
		request = copied
	}
	t.fuse.at(before, request.Method, target)
	answer, err := t.answer(request, target)
	if err == nil && answer.StatusCode < http.StatusMultipleChoices {
		t.fuse.at(after, request.Method, target)
	}
	return answer, err
}

func (t *transport) answer(request *http.Request, target string) (*http.Response, error) {
	if isLog, _ := path.Match("pods/*/log", target); isLog {
		return answerLog(request, target), nil
	}
	return t.next.RoundTrip(request)
}

// logDirectory is the environment variable with the path of a directory. A file with the name
// of a pod has its log.
const logDirectory = "POD_LOGS"

func answerLog(request *http.Request, target string) *http.Response {
	pod := path.Base(path.Dir(target))
	body := fmt.Sprintf("the log of %s\n", pod)
	if printed, err := os.ReadFile(filepath.Join(os.Getenv(logDirectory), pod)); err == nil {
		body += string(printed)
	}
	return &http.Response{
		Status: "200 OK", StatusCode: http.StatusOK,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header:        http.Header{"Content-Type": {"text/plain"}},
		Body:          io.NopCloser(strings.NewReader(body)),
		ContentLength: int64(len(body)),
		Request:       request,
	}
}

// targetOf removes /api/v1 or /apis/group/version, and the namespace.
func targetOf(urlPath string) string {
	parts := strings.Split(strings.Trim(urlPath, "/"), "/")
	prefix := 2
	if parts[0] == "apis" {
		prefix = 3
	}
	parts = parts[min(prefix, len(parts)):]
	if len(parts) > 2 && parts[0] == "namespaces" {
		parts = parts[2:]
	}
	return path.Join(parts...)
}

// objectOf returns the object in a request, and a copy of the request with an unread body.
func (t *transport) objectOf(request *http.Request) (object metav1.Object, copied *http.Request, err error) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return nil, nil, fmt.Errorf("read the request: %w", err)
	}
	if err := request.Body.Close(); err != nil {
		return nil, nil, fmt.Errorf("read the request: %w", err)
	}
	copied = request.Clone(request.Context())
	copied.Body = io.NopCloser(bytes.NewReader(body))
	decoded, _, err := t.decoder.Decode(body, nil, nil)
	if err == nil {
		object, err = meta.Accessor(decoded)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("read the object of %s %s: %w", request.Method, request.URL.Path, err)
	}
	return object, copied, nil
}
