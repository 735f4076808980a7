package steer

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spf13/cobra"
	authenticationv1 "k8s.io/api/authentication/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	kubefake "k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/cli"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/golden"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/resources"
	"github.com/batch-job-controller/batch-job-controller/controller/api/client"
	"github.com/batch-job-controller/batch-job-controller/controller/api/client/fake"
	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
)

func TestMain(m *testing.M) { golden.Main(m) }

// play is a command line, and the cluster that it meets.
type play struct {
	args    string
	in      string            // what is typed
	asks    bool              // at a terminal
	files   map[string]string // beside the command
	prepare func(*testing.T, *world)
}

// playAll runs each command line against a cluster of its own. The golden file has what a
// user sees, and what the API server was asked to write.
func playAll(t *testing.T, file string, plays map[string]play) {
	t.Helper()
	t.Setenv("KUBECONFIG", kubeconfig(t))
	t.Chdir(t.TempDir())
	var text strings.Builder
	for _, name := range slices.Sorted(maps.Keys(plays)) {
		p := plays[name]
		for path, content := range p.files {
			if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		var did string
		t.Run(name, func(t *testing.T) { synctest.Test(t, func(t *testing.T) { did = p.run(t) }) })
		fmt.Fprintf(&text, "## %s\n%s\n", name, strings.ReplaceAll(did, strings.Repeat("x", 1025), "x..."))
	}
	t.Chdir(packageDir)
	golden.Check(t, file, text.String())
}

// packageDir is where the golden files are.
var packageDir = func() string {
	dir, err := os.Getwd()
	if err != nil {
		panic(err)
	}
	return dir
}()

func (p play) run(t *testing.T) string {
	t.Helper()
	w := newWorld(t)
	w.asks = p.asks
	if p.prepare != nil {
		p.prepare(t, w)
	}
	args := strings.Fields(p.args)
	for i, arg := range args {
		args[i] = strings.ReplaceAll(arg, "|", " ") // in one argument
	}
	status, out, errOut := w.command(t.Context(), p.in, args...)
	text := fmt.Sprintf("$ kubectl batchjob %s\n%s", p.args, out)
	if out != "" && !strings.HasSuffix(out, "\n") {
		text += "\n"
	}
	for line := range strings.Lines(errOut) {
		text += "(stderr) " + line
	}
	if errOut != "" && !strings.HasSuffix(errOut, "\n") {
		text += "\n"
	}
	return text + w.writes(t) + fmt.Sprintf("exit status %d\n", status)
}

// world is a cluster with definitions, executions and nodes.
type world struct {
	api  *fake.Client
	kube *kubefake.Clientset
	asks bool
}

var noon = time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)

func newWorld(t *testing.T) *world {
	t.Helper()
	objects := definitionsOfTheWorld()
	for _, e := range executionsOfTheWorld() {
		objects = append(objects, e)
	}
	recorded, parts := recordedExecution(t)
	objects = append(objects, recorded)
	api, err := fake.New(objects...)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{api: api, kube: kubefake.NewClientset(append(nodesOfTheWorld(), parts...)...)}
	w.kube.PrependReactor("create", "selfsubjectreviews", func(clienttesting.Action) (bool, runtime.Object, error) {
		return true, &authenticationv1.SelfSubjectReview{Status: authenticationv1.SelfSubjectReviewStatus{UserInfo: authenticationv1.UserInfo{Username: "jane@example.com"}}}, nil
	})
	api.PrependReactor("patch", "nodecronjobs", takesApply)
	return w
}

// applied is a client with server-side apply, without field managers.
type applied struct{ *fake.Client }

// NodeCronJobs implements client.Interface.
func (c applied) NodeCronJobs(namespace string) client.NodeCronJobInterface {
	return appliedDefinitions{c.Client.NodeCronJobs(namespace)}
}

type appliedDefinitions struct{ client.NodeCronJobInterface }

// Patch implements client.Resource.
func (c appliedDefinitions) Patch(ctx context.Context, name string, kind types.PatchType, data []byte, options metav1.PatchOptions, _ ...string) (*v1alpha1.NodeCronJob, error) {
	patched, err := c.NodeCronJobInterface.Patch(ctx, name, kind, data, options)
	if err != nil || kind != types.ApplyPatchType {
		return patched, err
	}
	var wanted v1alpha1.NodeCronJob
	if err := json.Unmarshal(data, &wanted); err != nil {
		return nil, err
	}
	if err := fake.PrepareCreate(&wanted); err != nil {
		return nil, err
	}
	before, err := c.Get(ctx, name, metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err) && len(options.DryRun) == 0:
		return c.Create(ctx, &wanted, metav1.CreateOptions{})
	case apierrors.IsNotFound(err):
		return &wanted, nil
	case err != nil:
		return nil, err
	}
	before.Spec = wanted.Spec
	if len(options.DryRun) > 0 {
		return before, nil
	}
	return c.Update(ctx, before, metav1.UpdateOptions{})
}

// takesApply takes what the fake client cannot apply.
func takesApply(action clienttesting.Action) (bool, runtime.Object, error) {
	patch, ok := action.(clienttesting.PatchActionImpl)
	return ok && patch.GetPatchType() == types.ApplyPatchType, &v1alpha1.NodeCronJob{}, nil
}

// command runs a command line as the program does.
func (w *world) command(ctx context.Context, input string, args ...string) (status int, out, errOut string) {
	streams, in, stdout, stderr := genericiooptions.NewTestIOStreams()
	in.WriteString(input)
	status = w.run(ctx, streams, args...)
	return status, stdout.String(), stderr.String()
}

func (w *world) run(ctx context.Context, streams genericiooptions.IOStreams, args ...string) int {
	tool := cli.NewTool("kubectl batchjob", streams)
	root := &cobra.Command{Use: "kubectl-batchjob", SilenceErrors: true, SilenceUsage: true}
	root.SetOut(streams.Out)
	root.SetErr(streams.ErrOut)
	tool.Flags.AddFlags(root.PersistentFlags())
	c := newCommander(tool)
	c.now, c.asks = func() time.Time { return noon }, c.asks || w.asks
	c.connect = func() (*resources.Client, error) {
		namespace, err := tool.ContextNamespace()
		return &resources.Client{Namespace: namespace, API: applied{w.api}, Kube: w.kube}, err
	}
	root.AddCommand(commands(c)...)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	var status *cli.StatusError
	switch {
	case err == nil:
		return cli.ExitOK
	case !errors.As(err, &status):
		fmt.Fprintf(streams.ErrOut, "Error: %v\n", err)
		return cli.ExitMisused
	case status.Err != nil:
		fmt.Fprintf(streams.ErrOut, "Error: %v\n", status.Err)
	}
	return status.Status
}

// writes is what the API server was asked to write.
func (w *world) writes(t *testing.T) string {
	t.Helper()
	var text strings.Builder
	for _, action := range w.api.Actions() {
		var body any
		var dryRun []string
		switch a := action.(type) {
		case clienttesting.CreateActionImpl:
			if e, ok := a.Object.(*v1alpha1.Execution); ok {
				body, dryRun = e.Spec, a.CreateOptions.DryRun
			}
		case clienttesting.PatchActionImpl:
			body, dryRun = json.RawMessage(a.Patch), a.PatchOptions.DryRun
		}
		if body == nil {
			continue
		}
		var encoded bytes.Buffer
		if err := json.NewEncoder(&encoded).Encode(body); err != nil {
			t.Fatal(err)
		}
		note := ""
		if len(dryRun) > 0 {
			note = " (dry run)"
		}
		fmt.Fprintf(&text, "(request) %s %s in %s%s: %s", action.GetVerb(), action.GetResource().Resource, action.GetNamespace(), note, encoded.String())
	}
	return text.String()
}

// fails has the API server reject a request.
func (w *world) fails(verb, resource string, err error) {
	react := func(clienttesting.Action) (bool, runtime.Object, error) { return true, nil, err }
	w.api.PrependReactor(verb, resource, react)
	w.kube.PrependReactor(verb, resource, react)
}

// forbids takes a permission from the user.
func (w *world) forbids(verb, resource string) {
	group := schema.GroupResource{Resource: resource}
	if resource != resources.Nodes && resource != resources.ConfigMaps {
		group.Group = v1alpha1.GroupName
	}
	w.fails(verb, resource, apierrors.NewForbidden(group, "", fmt.Errorf("User %q cannot %s resource %q in API group %q", "jane@example.com", verb, resource, group.Group)))
}

// changes changes an execution, whatever the API server's rules are.
func (w *world) changes(t *testing.T, name string, change func(*v1alpha1.Execution)) {
	t.Helper()
	e, err := w.api.Executions("checks").Get(t.Context(), name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	change(e)
	if err := w.api.Tracker().Update(v1alpha1.GroupVersion().WithResource(v1alpha1.ExecutionResource), e, "checks"); err != nil {
		t.Fatal(err)
	}
	w.api.ClearActions()
}

// defines changes a definition.
func (w *world) defines(t *testing.T, name string, change func(*v1alpha1.NodeCronJob)) {
	t.Helper()
	d, err := w.api.NodeCronJobs("checks").Get(t.Context(), name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	change(d)
	if err := w.api.Tracker().Update(v1alpha1.GroupVersion().WithResource(v1alpha1.NodeCronJobResource), d, "checks"); err != nil {
		t.Fatal(err)
	}
	w.api.ClearActions()
}

// kubeconfig is a kubeconfig whose context has the namespace checks.
func kubeconfig(t *testing.T) string {
	t.Helper()
	config := clientcmdapi.NewConfig()
	config.Clusters["cluster"] = &clientcmdapi.Cluster{Server: "http://127.0.0.1:1"}
	config.AuthInfos["jane"] = &clientcmdapi.AuthInfo{}
	config.Contexts["context"] = &clientcmdapi.Context{Cluster: "cluster", AuthInfo: "jane", Namespace: "checks"}
	config.CurrentContext = "context"
	file := filepath.Join(t.TempDir(), "kubeconfig")
	if err := clientcmd.WriteToFile(*config, file); err != nil {
		t.Fatal(err)
	}
	return file
}

func ago(d time.Duration) metav1.Time { return metav1.NewTime(noon.Add(-d)) }
