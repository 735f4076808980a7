package controller

import (
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/definition"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
)

// served is a callback port with a certificate for some hosts.
type served struct {
	bundle string
	hosts  []string
}

func (s served) CABundle() string        { return s.bundle }
func (s served) Covers(host string) bool { return slices.Contains(s.hosts, host) }

func TestPodsReachAPortWithTLS(t *testing.T) {
	tests := map[string]struct {
		tls        definition.CallbackTLS
		podIP      string
		wantTLS    bool
		wantHost   string
		wantBundle string
	}{
		"without TLS": {wantHost: "10.96.0.7"},
		"a certificate for the Service's address": {tls: served{"check-ca", []string{"10.96.0.7"}}, wantTLS: true, wantHost: "10.96.0.7", wantBundle: "check-ca"},
		"a certificate for its name only":         {tls: served{"check-ca", []string{"check.jobs.svc"}}, wantTLS: true, wantHost: "check.jobs.svc", wantBundle: "check-ca"},
		"an authority that pods trust anyway":     {tls: served{"", []string{"check.jobs.svc"}}, wantTLS: true, wantHost: "check.jobs.svc"},
		"POD_IP":                                  {tls: served{"check-ca", []string{"10.0.0.1"}}, podIP: "10.0.0.1", wantTLS: true, wantHost: "10.0.0.1", wantBundle: "check-ca"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				c := newCluster(t, "a")
				r := startReplicaWith(t, c.client, newMemoryStore(), testConfig(), func(o *Options) { o.TLS, o.PodIP = tt.tls, tt.podIP })
				defer r.kill()
				time.Sleep(time.Minute)
				got := c.records()[0].Plan.Settings
				if got.CallbackTLS != tt.wantTLS || got.CallbackName != tt.wantHost || got.CABundle != tt.wantBundle {
					t.Errorf("TLS %t to %s trusting %q, want %t to %s trusting %q",
						got.CallbackTLS, got.CallbackName, got.CABundle, tt.wantTLS, tt.wantHost, tt.wantBundle)
				}
			})
		})
	}
}

// The API server validates the volume too, before there are real Jobs.
func TestTheSampleJobHasTheAuthority(t *testing.T) {
	job, err := definition.SampleJob(testConfig(func(cfg *config.Config) { cfg.Callback.TLS = config.TLS{Mode: config.TLSSelfSigned} }), testNamespace, nil)
	must(t, err)
	mounts := job.Spec.Template.Spec.Containers[0].VolumeMounts
	if !slices.ContainsFunc(mounts, func(m corev1.VolumeMount) bool { return m.MountPath+"/"+jobspec.CAKey == jobspec.CAFile }) {
		t.Errorf("mounts %v", mounts)
	}
}
