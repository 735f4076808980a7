package batchjob

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// silence is a kubeconfig of a cluster that does not respond.
func silence(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	config := clientcmdapi.NewConfig()
	config.Clusters["cluster"] = &clientcmdapi.Cluster{Server: "http://" + address}
	config.Contexts["context"] = &clientcmdapi.Context{Cluster: "cluster", Namespace: "checks"}
	config.CurrentContext = "context"
	file := filepath.Join(t.TempDir(), "kubeconfig")
	if err := clientcmd.WriteToFile(*config, file); err != nil {
		t.Fatal(err)
	}
	return file
}

// command runs a command line.
func command(t *testing.T, input string, args ...string) (status int, out, errOut string) {
	t.Helper()
	streams, in, stdout, stderr := genericiooptions.NewTestIOStreams()
	in.WriteString(input)
	status = Run(t.Context(), "kubectl batchjob", args, streams)
	return status, stdout.String(), stderr.String()
}

func TestRun(t *testing.T) {
	const good = "name: mine\ncronExpression: \"42 3 * * *\"\ncallbackServiceName: batch-job-controller\nmetrics: {prefix: mine}\n"
	t.Chdir(t.TempDir())
	for file, text := range map[string]string{
		"good.yaml": good, "empty.yaml": "",
		"wrong.yaml": "name: mine\ncronExpression: sometimes\npodPoolSize: 0\n", "pod.yaml": "kind: Pod\n",
		"good-pod.yaml":      "kind: Pod\nspec: {containers: [{name: job, image: example.com/job:1}]}\n",
		"beside/config.yaml": good, "beside/pod-template.yaml": "kind: Pod\nspec: {containers: [{name: job, image: example.com/beside:1}]}\n",
	} {
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	kubeconfig := silence(t)
	tests := map[string]struct {
		args       []string
		input      string
		wantStatus int
		wantOut    []string
		wantErr    []string
	}{
		"help says how to begin": {args: []string{"--help"}, wantOut: []string{"kubectl batchjob install --overlay demo", "Exit status"}},
		"version":                {args: []string{"version"}, wantOut: []string{"kubectl-batchjob "}},
		"help of a command that acts on executions": {args: []string{"rerun", "--help"}, wantOut: []string{"kubectl batchjob rerun", "--states", "--yes"}},
		"no completion without a cluster":           {args: []string{"__complete", "run", "--kubeconfig", kubeconfig, ""}, wantOut: []string{":4"}},
		"run when the cluster does not respond":     {args: []string{"run", "check", "--kubeconfig", kubeconfig}, wantStatus: 4, wantErr: []string{"does not respond", "connection refused"}},
		"completion":                                {args: []string{"__complete", "install", "--overlay", ""}, wantOut: []string{"demo"}},
		"an unknown command":                        {args: []string{"instal"}, wantStatus: 2, wantErr: []string{`"instal"`, "Did you mean this?", "install", "--help"}},
		"an unknown flag":                           {args: []string{"status", "--all"}, wantStatus: 2, wantErr: []string{"--all"}},
		"an argument too many":                      {args: []string{"install", "demo"}, wantStatus: 2, wantErr: []string{`"demo"`}},
		"an overlay has to be chosen":               {args: []string{"install"}, wantStatus: 2, wantErr: []string{`"overlay"`}},
		"an overlay that there is not":              {args: []string{"install", "--overlay", "prod"}, wantStatus: 2, wantErr: []string{`unknown overlay "prod"`, "demo"}},
		"an execution that cannot be":               {args: []string{"wait", "yester_day"}, wantStatus: 2, wantErr: []string{`"yester_day"`, "must be the name"}},
		"a kubeconfig that is not there":            {args: []string{"status", "--kubeconfig", "nowhere"}, wantStatus: 2, wantErr: []string{"nowhere"}},
		"a cluster that does not answer":            {args: []string{"status", "--kubeconfig", kubeconfig}, wantStatus: 4, wantErr: []string{"does not respond", "connection refused"}},
		"install when the cluster does not respond": {args: []string{"install", "--overlay", "demo", "--kubeconfig", kubeconfig}, wantStatus: 4, wantErr: []string{"does not respond", "connection refused"}},
		"render needs no cluster":                   {args: []string{"render", "--overlay", "demo", "--kubeconfig", kubeconfig}, wantOut: []string{"kind: Deployment", "namespace: batch-job-controller-demo"}},
		"render puts in what is given":              {args: []string{"render", "--overlay", "demo", "-n", "checks", "--image", "localhost/own:1", "-f", "good.yaml"}, wantOut: []string{"name: mine", "image: localhost/own:1", "namespace: checks", "CALLBACK_SERVICE_FILE_URL"}},
		"the pod template beside it":                {args: []string{"render", "--overlay", "demo", "-f", "beside/config.yaml"}, wantOut: []string{"image: example.com/beside:1"}, wantErr: []string{"pod template: beside/pod-template.yaml"}},
		"no pod template beside it":                 {args: []string{"render", "--overlay", "demo", "-f", "good.yaml"}, wantOut: []string{"CALLBACK_SERVICE_FILE_URL"}, wantErr: []string{"pod template: from overlay demo"}},
		"a value from the standard input":           {args: []string{"render", "--overlay", "demo", "-f", "-"}, input: good, wantOut: []string{"name: mine"}},
		"both values from there":                    {args: []string{"render", "--overlay", "demo", "-f", "-", "-t", "-"}, wantStatus: 2, wantErr: []string{"only one"}},
		"files that are not there":                  {args: []string{"render", "--overlay", "demo", "-f", "one", "-t", "two"}, wantStatus: 2, wantErr: []string{"--config", "one", "--pod-template", "two"}},
		"pods that the namespace will refuse":       {args: []string{"render", "--overlay", "demo", "-t", "good-pod.yaml"}, wantOut: []string{"kind: Deployment"}, wantErr: []string{"warning: good-pod.yaml", "restricted", "runAsNonRoot"}},
		"an empty file":                             {args: []string{"render", "--overlay", "demo", "-f", "empty.yaml"}, wantStatus: 2, wantErr: []string{"empty.yaml", "is empty"}},
		"all that is wrong in both files":           {args: []string{"install", "--overlay", "demo", "-f", "wrong.yaml", "-t", "pod.yaml", "--kubeconfig", kubeconfig}, wantStatus: 2, wantErr: []string{"wrong.yaml:2: cronExpression: ", `"sometimes"`, "wrong.yaml:3: podPoolSize: ", "metrics", "pod.yaml:1: ", "containers"}},
		"components that the configuration needs": {args: []string{"install", "--overlay", "demo", "-f", "-", "--kubeconfig", kubeconfig},
			input:      good + "callback: {tls: selfSigned, auth: serviceAccountToken}\nreports: {tls: secret, tlsSecret: batch-job-controller-tls, auth: serviceAccountToken}\n",
			wantStatus: 2,
			wantErr:    []string{"callback.tls: selfSigned: ", "callback.auth: ", "reports.tlsSecret: ", "reports.auth: ", "--component tls", "--component report-auth"}},
		"a Service that there is not": {args: []string{"install", "--overlay", "demo", "-f", "-", "--kubeconfig", kubeconfig},
			input: "name: mine\ncronExpression: \"42 3 * * *\"\ncallbackServiceName: other\nmetrics: {prefix: mine}\n", wantStatus: 2,
			wantErr: []string{`callbackServiceName: "other": `, "overlay demo", "must be one of batch-job-controller"}},
		"a port that its Service has not": {args: []string{"install", "--overlay", "demo", "-f", "-", "--kubeconfig", kubeconfig},
			input: good + "callbackServicePort: 8099\n", wantStatus: 2,
			wantErr: []string{"callbackServicePort: 8099: ", "Service batch-job-controller", "8090 (callbacks)"}},
		"components that it needs and has": {args: []string{"render", "--overlay", "demo", "-f", "-", "--component", "tls,report-auth"},
			input:   good + "callback: {tls: selfSigned, auth: serviceAccountToken}\nreports: {tls: secret, tlsSecret: batch-job-controller-tls, auth: serviceAccountToken}\n",
			wantOut: []string{"--ca-secret="}},
		"validate says when it fires":           {args: []string{"validate", "-f", "good.yaml", "-t", "good-pod.yaml"}, wantOut: []string{"03:42"}},
		"validate says what is wrong":           {args: []string{"validate", "-f", "wrong.yaml", "-t", "pod.yaml"}, wantStatus: 1, wantErr: []string{"wrong.yaml:2: ", "sometimes", "podPoolSize"}},
		"a component that another one includes": {args: []string{"render", "--overlay", "demo", "--component", "ha,persistence"}, wantOut: []string{"kind: PodDisruptionBudget"}},
		"an unknown component":                  {args: []string{"render", "--overlay", "demo", "--component", "high"}, wantStatus: 2, wantErr: []string{`"high"`, "ha"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			status, out, errOut := command(t, test.input, test.args...)
			if status != test.wantStatus {
				t.Errorf("got status %d, want %d", status, test.wantStatus)
			}
			for _, want := range test.wantOut {
				if !strings.Contains(out, want) {
					t.Errorf("%q is not in the output:\n%s", want, out)
				}
			}
			for _, want := range test.wantErr {
				if !strings.Contains(errOut, want) {
					t.Errorf("%q is not in the error output:\n%s", want, errOut)
				}
			}
		})
	}
}
