//go:build e2e

package api

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"

	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/e2e/api/rig"
	"github.com/batch-job-controller/batch-job-controller/e2e/api/rig/audit"
)

// Pods print their tokens, and send them in every kind of callback. No token, and not the
// callback key, may be anywhere except in their Secrets and in the pods' own files, which
// are stored unchanged.
func TestTokensAreNowhereButInTheirSecrets(t *testing.T) {
	t.Parallel()
	const pool, perSecret = 3, 2
	program := shared.Build(t, "e2e/api/crasher")
	site := rig.NewSite(t, shared, rig.Config{Pool: pool, RunFor: untilEnded, Keys: map[string]any{
		"savePodLog": true, "callback": map[string]any{"tokensPerSecret": perSecret},
	}})
	nodes := site.AddNodes(pool)
	printed := t.TempDir()
	server := site.NewServer(1).WithProgram(program).WithArgs("--log-level=debug").WithEnv("POD_LOGS=" + printed)
	server.Start()
	running := make([]*corev1.Pod, pool)
	for i, node := range nodes {
		running[i] = waitRunning(t, site, node)
	}
	hidden := newHidden(t, site)
	if want := pool + 1; len(hidden.secrets) != want {
		t.Fatalf("there are %d secrets to look for, want %d", len(hidden.secrets), want)
	}
	own := map[string]string{} // the pods' files, by their stored names
	for i, pod := range running {
		maps.Copy(own, blab(t, site, pod, running[(i+1)%pool], printed))
	}
	site.Audit.Until(patience, "each pod has its event", func(s *audit.State) bool { return len(s.EventsOf("Blabbed")) == pool })
	hidden.checkObjects(t, site)
	for _, pod := range running {
		if err := site.EndPod(t.Context(), pod); err != nil {
			t.Fatal(err)
		}
	}
	report := waitClosed(t, site)
	metrics, err := server.Scrape()
	if err != nil {
		t.Fatal(err)
	}
	hidden.check(t, "the metrics", []byte(strings.Join(slices.Sorted(maps.Keys(metrics)), "\n")))
	waitTokensGone(t, site, report.ID)
	server.Stop()
	hidden.checkObjects(t, site)
	hidden.checkFiles(t, site.ReportDir, own)
	checkOwn(t, site.ReportDir, own)
	hidden.check(t, "the server's log", server.Log())
	checkCovered(t, site, nodes)
}

// blab sends a pod's token in every kind of callback, and returns the pod's files.
func blab(t *testing.T, site *rig.Site, pod, neighbour *corev1.Pod, printed string) (files map[string]string) {
	t.Helper()
	env := site.Env(pod)
	token := env[jobspec.EnvToken]
	basic := base64.StdEncoding.EncodeToString([]byte("bjc:" + token))
	const almostAChunk = 32<<10 - 40 // so that a token spans two chunks
	text := strings.Repeat("x", almostAChunk) + token + "\n> POST " + env[jobspec.EnvResultURL] + "\n> Authorization: Basic " + basic + "\n"
	if err := os.WriteFile(filepath.Join(printed, pod.Name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	post(t, env[jobspec.EnvResultURL], fmt.Sprintf(`{"temperature":[{"value":1,"labels":{"sensor":%q}}]}`, token))
	post(t, env[jobspec.EnvFileURL]+"?name=content.txt", text)
	named := "name-" + token + ".txt"
	post(t, env[jobspec.EnvFileURL]+"?name="+url.QueryEscape(named), "its name is what matters")
	post(t, env[jobspec.EnvEventURL], fmt.Sprintf(`{"reason":"Blabbed","message":"my token is %%s","args":[%q]}`, token))
	// A rejected value may be in a response, an event or the log.
	others := site.Env(neighbour)
	for _, at := range []string{
		strings.Replace(others[jobspec.EnvResultURL], others[jobspec.EnvToken], token, 1),
		strings.Replace(env[jobspec.EnvResultURL], "/report/", "/nothing/", 1),
		env[jobspec.EnvResultURL] + "x",
	} {
		refused(t, at, `{"temperature":1}`)
	}
	refused(t, env[jobspec.EnvResultURL], fmt.Sprintf(`{%q:[{"value":1,"labels":{%q:%q}}]}`, token, token, token))
	refused(t, env[jobspec.EnvEventURL], fmt.Sprintf(`{"reason":%q,"message":"%%d","args":[%q]}`, token, token))
	node := pod.Spec.NodeName
	return map[string]string{node + "-content.txt": text, node + "-" + named: "its name is what matters"}
}

// hidden are the secrets that must not be found.
type hidden struct {
	secrets map[string][]byte // by their description
	in      map[string]bool   // the names of the Secrets with them
}

const keySecret = rig.Name + "-callback-key"

func newHidden(t *testing.T, site *rig.Site) hidden {
	t.Helper()
	h := hidden{secrets: map[string][]byte{}, in: map[string]bool{keySecret: true}}
	key, err := site.Client.CoreV1().Secrets(site.Namespace).Get(t.Context(), keySecret, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	h.secrets["the callback key"] = key.Data["current"]
	for _, secret := range tokenSecrets(t, site) {
		h.in[secret.Name] = true
		for node, token := range secret.Data {
			// The part that identifies the node is not secret.
			h.secrets["the token of "+node] = token[bytes.LastIndexByte(token, '.')+1:]
		}
	}
	return h
}

// check fails the test if the text has a secret, plain or encoded.
func (h hidden) check(t *testing.T, where string, text []byte) {
	t.Helper()
	for what, secret := range h.secrets {
		forms := map[string][]byte{
			"":          secret,
			" in hex":   []byte(hex.EncodeToString(secret)),
			" in JSON":  bytes.Trim(quoted(t, string(secret)), `"`),
			" as bytes": bytes.Trim(quoted(t, secret), `"`),
		}
		// The base64 of a secret depends on the bytes before it.
		for before := range 3 {
			encoded := base64.RawStdEncoding.EncodeToString(append(make([]byte, before), secret...))
			forms[fmt.Sprint(" in base64 after ", before)] = []byte(encoded[2*before : len(encoded)-2])
		}
		for form, bytesOf := range forms {
			if bytes.Contains(text, bytesOf) {
				t.Errorf("%s: has %s%s", where, what, form)
			}
		}
	}
}

func quoted(t *testing.T, value any) []byte {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// checkObjects checks all objects of all kinds in all namespaces.
func (h hidden) checkObjects(t *testing.T, site *rig.Site) {
	t.Helper()
	client, err := dynamic.NewForConfig(site.REST)
	if err != nil {
		t.Fatal(err)
	}
	lists, err := site.Client.Discovery().ServerPreferredResources()
	if err != nil {
		t.Fatal(err)
	}
	looked := map[string]int{}
	for _, list := range lists {
		group, err := schema.ParseGroupVersion(list.GroupVersion)
		if err != nil {
			t.Fatal(err)
		}
		for _, resource := range list.APIResources {
			if !slices.Contains(resource.Verbs, "list") {
				continue
			}
			objects, err := client.Resource(group.WithResource(resource.Name)).List(t.Context(), metav1.ListOptions{})
			if err != nil {
				t.Fatalf("list %s: %v", resource.Name, err)
			}
			looked[resource.Name] += len(objects.Items)
			for _, object := range objects.Items {
				if resource.Name == "secrets" && object.GetNamespace() == site.Namespace && h.in[object.GetName()] {
					continue
				}
				h.check(t, resource.Name+"/"+object.GetName(), quoted(t, object.Object))
			}
		}
	}
	for _, kind := range []string{"configmaps", "events", "jobs", "pods", "leases"} {
		if looked[kind] == 0 {
			t.Errorf("no %s were checked", kind)
		}
	}
}

// checkFiles checks the names and contents of all files except the pods' own.
func (h hidden) checkFiles(t *testing.T, dir string, own map[string]string) {
	t.Helper()
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if _, isOwn := own[entry.Name()]; isOwn {
			return nil
		}
		h.check(t, "the name of a file", []byte(name))
		if !entry.Type().IsRegular() {
			return nil
		}
		text, err := os.ReadFile(filepath.Join(dir, name))
		h.check(t, name, text)
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// checkOwn checks that the files of the pods are stored unchanged, under their own names.
func checkOwn(t *testing.T, dir string, own map[string]string) {
	t.Helper()
	for name, want := range own {
		got, err := os.ReadFile(filepath.Join(dir, "latest", name))
		if err != nil || string(got) != want {
			t.Errorf("%s: differs from the sent file: %d bytes, %v, want %d", name, len(got), err, len(want))
		}
	}
}

// checkCovered checks that the data of the pods was stored with redacted tokens.
func checkCovered(t *testing.T, site *rig.Site, nodes []string) {
	t.Helper()
	mask := strings.Repeat("*", 43)
	for _, node := range nodes {
		for _, pattern := range []string{node + ".json", node + "-container-check.log"} {
			text, err := os.ReadFile(filepath.Join(site.ReportDir, "latest", pattern))
			if err != nil || !bytes.Contains(text, []byte(mask)) {
				t.Errorf("%s: has no redacted token: %v", pattern, err)
			}
		}
	}
	site.Audit.Read(func(s *audit.State) {
		for _, event := range s.EventsOf("Blabbed") {
			if !strings.Contains(event.Message, mask) {
				t.Errorf("event %s: has no redacted token: %s", event.Name, event.Message)
			}
		}
	})
}
