package controller

import (
	"errors"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clienttesting "k8s.io/client-go/testing"

	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
)

const serviceName = testName + "." + testNamespace + ".svc"

// setService gives the callback Service another address; empty: deletes it.
func (c *cluster) setService(clusterIP string) {
	c.t.Helper()
	services := c.client.CoreV1().Services(testNamespace)
	if err := services.Delete(c.ctx, testName, metav1.DeleteOptions{}); err != nil && !apierrors.IsNotFound(err) {
		c.t.Fatal(err)
	}
	if clusterIP == "" {
		return
	}
	_, err := services.Create(c.ctx, &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: testName, Namespace: testNamespace},
		Spec:       corev1.ServiceSpec{ClusterIP: clusterIP, Ports: []corev1.ServicePort{{Port: 8090}}},
	}, metav1.CreateOptions{})
	must(c.t, err)
}

// hostOf returns the callback host of a node's Job.
func (c *cluster) hostOf(node string) string {
	c.t.Helper()
	for _, job := range c.jobsOfNode(node) {
		for _, v := range job.Spec.Template.Spec.Containers[0].Env {
			if v.Name == jobspec.EnvCallbackName {
				return v.Value
			}
		}
	}
	return ""
}

// Four nodes run one after the other, a minute each. A change after half a minute does not
// concern the first.
func TestCallbackHostOfTheJobsThatAreYetToBeCreated(t *testing.T) {
	tests := map[string]struct {
		podIP  string // of the first leader
		change func(t *testing.T, c *cluster, r **replica, restart func(podIP string))
		tls    *served
		want   [4]string
	}{
		"nothing happens": {
			change: func(*testing.T, *cluster, **replica, func(string)) {},
			want:   [4]string{"10.96.0.7", "10.96.0.7", "10.96.0.7", "10.96.0.7"},
		},
		"the Service is created anew": {
			change: func(_ *testing.T, c *cluster, _ **replica, _ func(string)) { c.setService("10.96.0.8") },
			want:   [4]string{"10.96.0.7", "10.96.0.8", "10.96.0.8", "10.96.0.8"},
		},
		"it becomes headless": {
			change: func(_ *testing.T, c *cluster, _ **replica, _ func(string)) { c.setService(corev1.ClusterIPNone) },
			want:   [4]string{"10.96.0.7", serviceName, serviceName, serviceName},
		},
		"it is deleted, and created anew two minutes later": {
			change: func(_ *testing.T, c *cluster, _ **replica, _ func(string)) {
				c.setService("")
				time.AfterFunc(2*time.Minute, func() { c.setService("10.96.0.8") })
			},
			want: [4]string{"10.96.0.7", serviceName, serviceName, "10.96.0.8"},
		},
		"it cannot be read": {
			change: func(_ *testing.T, c *cluster, _ **replica, _ func(string)) { c.refuseServices() },
			want:   [4]string{"10.96.0.7", "10.96.0.7", "10.96.0.7", "10.96.0.7"},
		},
		"it cannot be read by the next leader": {
			change: func(_ *testing.T, c *cluster, _ **replica, restart func(string)) {
				c.refuseServices()
				restart("")
			},
			want: [4]string{"10.96.0.7", "10.96.0.7", "10.96.0.7", "10.96.0.7"},
		},
		"the next leader has another POD_IP": {
			podIP:  "10.0.0.1",
			change: func(_ *testing.T, _ *cluster, _ **replica, restart func(string)) { restart("10.0.0.2") },
			want:   [4]string{"10.0.0.1", "10.0.0.2", "10.0.0.2", "10.0.0.2"},
		},
		"the next leader has no POD_IP": {
			podIP:  "10.0.0.1",
			change: func(_ *testing.T, _ *cluster, _ **replica, restart func(string)) { restart("") },
			want:   [4]string{"10.0.0.1", "10.96.0.7", "10.96.0.7", "10.96.0.7"},
		},
		"the certificate is not for the new address": {
			tls:    &served{"check-ca", []string{"10.96.0.7", serviceName}},
			change: func(_ *testing.T, c *cluster, _ **replica, _ func(string)) { c.setService("10.96.0.8") },
			want:   [4]string{"10.96.0.7", serviceName, serviceName, serviceName},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				nodes := []string{"a", "b", "c", "d"}
				c := newCluster(t, nodes...)
				for _, node := range nodes {
					c.behave(node, behaviour{runFor: time.Minute})
				}
				store := newMemoryStore()
				begin := func(podIP string) *replica {
					return startReplicaWith(t, c.client, store, testConfig(func(c *config.Config) { c.PodPoolSize, c.RunOnStartup = 1, podIP == tt.podIP }),
						func(o *Options) {
							o.PodIP = podIP
							if tt.tls != nil {
								o.TLS = *tt.tls
							}
						})
				}
				r := begin(tt.podIP)
				defer func() { r.kill() }()
				time.Sleep(30 * time.Second)
				tt.change(t, c, &r, func(podIP string) {
					r.kill()
					r = begin(podIP)
				})
				time.Sleep(5 * time.Minute)
				var got [4]string
				for i, node := range nodes {
					got[i] = c.hostOf(node)
				}
				if got != tt.want {
					t.Errorf("hosts: got %q, want %q", got, tt.want)
				}
			})
		})
	}
}

func (c *cluster) refuseServices() {
	c.react("get", "services", func(clienttesting.Action) (bool, runtimeObject, error) {
		return true, nil, errors.New("connection refused")
	})
}

// One read of the Service serves many Jobs.
func TestCallbackHostIsNotAskedForByEachJob(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var nodes []string
		for i := range 100 {
			nodes = append(nodes, "node-"+string(rune('a'+i/26))+string(rune('a'+i%26)))
		}
		c := newCluster(t, nodes...)
		r := startReplica(t, c, newMemoryStore(), testConfig(func(c *config.Config) { c.PodPoolSize = 50 }))
		defer r.kill()
		time.Sleep(time.Minute)
		asked := 0
		for _, action := range c.client.Actions() {
			if action.GetResource().Resource == "services" {
				asked++
			}
		}
		if closed := len(c.records()) == 1 && len(outcomes(c.records()[0])) == len(nodes); !closed || asked > 12 {
			t.Errorf("all are done: %t, and the Service was read %d times for %d Jobs in a minute", closed, asked, len(nodes))
		}
	})
}
