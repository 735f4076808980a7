package jobspec

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

var update = flag.Bool("update", false, "write the golden files anew")

const plainTemplate = `
apiVersion: v1
kind: Pod
spec:
  containers:
    - name: check
      image: registry.example.com/check:1.0
`

func planWith(template string, change ...func(*execution.Settings)) execution.Plan {
	p := execution.Plan{
		ID:          "20260304050000",
		NodeCronJob: "check",
		Trigger:     execution.Cron,
		Scheduled:   time.Date(2026, 3, 4, 6, 0, 0, 0, time.FixedZone("CET", 3600)),
		ConfigHash:  "abc",
		Settings: execution.Settings{
			PodPoolSize: 10, StartDeadline: 10 * time.Minute, JobTimeout: time.Hour,
			PodTemplate: template, CallbackName: "10.96.0.7", CallbackPort: 8090,
		},
	}
	for _, f := range change {
		f(&p.Settings)
	}
	return p
}

func options(extensions ...EnvExtension) Options {
	return Options{
		Controller: "check", Namespace: "checks",
		Owner:      Owner{Name: "check-20260304050000", UID: "record-uid"},
		Extensions: extensions,
	}
}

func nodeOf(name string, taints ...execution.Taint) execution.Node {
	return execution.Node{Name: name, UID: "node-uid", Taints: taints}
}

// renderFor renders the Job of a plan's only node.
func renderFor(p execution.Plan, node execution.Node, o Options) (*batchv1.Job, error) {
	p.Nodes = []execution.Node{node}
	return Render(p, 0, o)
}

// longestName is as long as a node's name can be.
var longestName = strings.Repeat(strings.Repeat("n", 62)+".", 4) + "x"

func TestRenderGolden(t *testing.T) {
	cases := map[string]struct {
		plan       execution.Plan
		node       execution.Node
		extensions []EnvExtension
	}{
		"plain": {plan: planWith(plainTemplate), node: nodeOf("worker-1")},
		"with-a-token": {
			plan: planWith(plainTemplate, func(s *execution.Settings) { s.CallbackAuth, s.TokensPerSecret = execution.TokenAuth, 50 }),
			node: nodeOf("worker-1"),
		},
		"with-a-service-account-token": {
			plan: planWith(plainTemplate, func(s *execution.Settings) { s.CallbackAuth = execution.ServiceAccountTokenAuth }),
			node: nodeOf("worker-1"),
		},
		"init-containers-and-env": {
			plan: planWith(`
apiVersion: v1
kind: Pod
metadata:
  name: ignored
  labels:
    team: storage
    batch-job-controller.io/owner: somebody
  annotations:
    example.com/for: "{{ .NodeName }} in {{ .Namespace }}"
    batch-job-controller.io/node-name: somewhere
spec:
  nodeName: somewhere
  restartPolicy: Always
  initContainers:
    - name: prepare
      image: busybox
      env:
        - name: NODE_NAME
          value: mine
        - name: WHERE
          value: /data/$(NODE_NAME)/$(EXECUTION_ID)
  containers:
    - name: check
      image: check
      env:
        - name: TARGET
          value: $(NODE_NAME).example.com
        - name: CALLBACK_SERVICE_RESULT_URL
          value: http://elsewhere/
        - name: RUN
          value: {{ .ExecutionID }}
    - name: upload
      image: upload
`),
			node: nodeOf("worker-1"),
		},
		"a-sidecar-and-restarts-in-place": {
			plan: planWith(`
apiVersion: v1
kind: Pod
spec:
  initContainers:
    - {name: ship, image: ship, restartPolicy: Always}
    - {name: prepare, image: prepare, restartPolicy: OnFailure}
  containers:
    - {name: check, image: check, restartPolicy: OnFailure}
    - name: second
      image: check
      restartPolicy: Never
      restartPolicyRules: [{action: Restart, exitCodes: {operator: In, values: [42]}}]
`),
			node: nodeOf("worker-1"),
		},
		"unscheduled-nodes": {
			plan: planWith(plainTemplate, func(s *execution.Settings) { s.TolerateUnschedulable = true }),
			node: nodeOf("worker-1"),
		},
		"taints": {
			plan: planWith(plainTemplate),
			node: nodeOf("control-plane", execution.Taint{Key: "node-role.kubernetes.io/control-plane"}, execution.Taint{Key: "dedicated", Value: "db"},
				execution.Taint{Key: "dedicated", Value: "db", Effect: "NoExecute"}),
		},
		"affinity-and-tolerations": {
			plan: planWith(plainTemplate+`
  nodeSelector:
    kubernetes.io/os: linux
  tolerations:
    - operator: Exists
      effect: NoExecute
  affinity:
    nodeAffinity:
      requiredDuringSchedulingIgnoredDuringExecution:
        nodeSelectorTerms:
          - matchExpressions:
              - {key: disk, operator: In, values: [ssd]}
          - matchExpressions:
              - {key: disk, operator: In, values: [nvme]}
            matchFields:
              - {key: metadata.name, operator: NotIn, values: [worker-9]}
      preferredDuringSchedulingIgnoredDuringExecution:
        - weight: 1
          preference:
            matchExpressions:
              - {key: zone, operator: Exists}
    podAntiAffinity:
      requiredDuringSchedulingIgnoredDuringExecution:
        - topologyKey: kubernetes.io/hostname
          labelSelector:
            matchLabels: {app: noisy}
`, func(s *execution.Settings) { s.TolerateUnschedulable = true }),
			node: nodeOf("worker-1", execution.Taint{Key: "dedicated", Value: "db"}),
		},
		"service-account-and-pull-secrets": {
			plan: planWith(plainTemplate+`
  serviceAccountName: mine
  imagePullSecrets:
    - name: mine
`, func(s *execution.Settings) {
				s.JobServiceAccount, s.JobImagePullSecrets = "prober", []string{"registry", "mirror"}
			}),
			node: nodeOf("worker-1"),
		},
		"extension-env": {
			plan: planWith(plainTemplate + `
      env:
        - name: MODE
          value: template
        - name: KEPT
          value: template
`),
			node: nodeOf("worker-1"),
			extensions: []EnvExtension{
				func(key execution.Key, c corev1.Container) []corev1.EnvVar {
					return []corev1.EnvVar{{Name: "MODE", Value: "extension"}, {Name: "WHO", Value: key.Node + "/" + c.Name}}
				},
				func(key execution.Key, c corev1.Container) []corev1.EnvVar {
					c.Env[0].Value = "scribble"
					return []corev1.EnvVar{{Name: EnvNodeName, Value: "elsewhere"}, {Name: "RUN", Value: string(key.Execution)}}
				},
			},
		},
		"callbacks-with-tls": {
			plan: planWith(plainTemplate+`
      env:
        - name: SSL_CERT_FILE
          value: /etc/own.pem
  initContainers:
    - name: prepare
      image: busybox
`, func(s *execution.Settings) { s.CallbackTLS, s.CABundle = true, "check-ca" }),
			node: nodeOf("worker-1"),
		},
		"callbacks-with-tls-that-pods-trust-anyway": {
			plan: planWith(plainTemplate, func(s *execution.Settings) { s.CallbackTLS = true }),
			node: nodeOf("worker-1"),
		},
		"callbacks-with-tls-and-a-mount-of-the-template": {
			plan: planWith(plainTemplate+`
      volumeMounts:
        - {name: batch-job-controller-ca, mountPath: /var/run/batch-job-controller}
  volumes:
    - name: batch-job-controller-ca
      hostPath: {path: /etc/ssl}
`, func(s *execution.Settings) { s.CallbackTLS, s.CABundle = true, "check-ca" }),
			node: nodeOf("worker-1"),
		},
		"longest-node-name":         {plan: planWith(plainTemplate), node: nodeOf(longestName)},
		"shared-first-label-zone-a": {plan: planWith(plainTemplate), node: nodeOf("worker.zone-a.example.com")},
		"shared-first-label-zone-b": {plan: planWith(plainTemplate), node: nodeOf("worker.zone-b.example.com")},
		"retries-and-a-shorter-deadline": {
			plan: planWith(plainTemplate+`
  activeDeadlineSeconds: 60
`, func(s *execution.Settings) { s.BackoffLimit = 2 }),
			node: nodeOf("worker-1"),
		},
		"a-longer-deadline-and-a-callback-by-ipv6": {
			plan: planWith(plainTemplate+`
  activeDeadlineSeconds: 999999
`, func(s *execution.Settings) { s.CallbackName, s.JobTimeout = "fd00::7", 90*time.Second+1 }),
			node: nodeOf("worker-1"),
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			job, err := renderFor(tc.plan, tc.node, options(tc.extensions...))
			if err != nil {
				t.Fatal(err)
			}
			got, err := yaml.Marshal(job)
			if err != nil {
				t.Fatal(err)
			}
			golden := filepath.Join("testdata", name+".golden.yaml")
			if *update {
				if err := os.WriteFile(golden, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(want, got) {
				t.Errorf("%s (-want +got):\n%s", golden, cmp.Diff(string(want), string(got)))
			}
			checkJob(t, job, tc.plan, tc.node, options())
			if job, err = renderFor(structured(t, tc.plan, tc.node), tc.node, options(tc.extensions...)); err != nil {
				t.Fatal(err)
			}
			if got, err = yaml.Marshal(job); err != nil || !bytes.Equal(want, got) {
				t.Errorf("%s, with a structured template: %v (-want +got):\n%s", golden, err, cmp.Diff(string(want), string(got)))
			}
		})
	}
}

func TestRenderReportsTheNode(t *testing.T) {
	broken := strings.Replace(plainTemplate, "Pod", `{{ if eq .NodeName "worker-2" }}Deployment{{ else }}Pod{{ end }}`, 1)
	if _, err := renderFor(planWith(broken), nodeOf("worker-1"), options()); err != nil {
		t.Fatal(err)
	}
	_, err := renderFor(planWith(broken), nodeOf("worker-2"), options())
	if err == nil || !strings.Contains(err.Error(), "worker-2") || !strings.Contains(err.Error(), "Deployment") {
		t.Errorf("error %v", err)
	}
}
