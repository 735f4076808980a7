//go:build e2e

package api

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/e2e/api/rig"
	"github.com/batch-job-controller/batch-job-controller/e2e/api/rig/audit"
)

// define creates a NodeCronJob as a person does. It has no tick during a test.
func define(t *testing.T, site *rig.Site, name string, mutate ...func(*v1alpha1.NodeCronJob)) {
	t.Helper()
	selector := map[string]v1alpha1.LabelValue{}
	for key, value := range site.NodeSelector() {
		selector[key] = v1alpha1.LabelValue(value)
	}
	n := &v1alpha1.NodeCronJob{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: v1alpha1.NodeCronJobSpec{
			CronExpression: "0 0 29 2 *", JobNodeSelector: selector, PodPoolSize: int32(site.Config.Pool), Result: v1alpha1.ResultOptional,
			Metrics: v1alpha1.Metrics{Prefix: name}, PodTemplate: site.ConfigData()[config.PodTemplateKey],
		},
	}
	for _, f := range mutate {
		f(n)
	}
	if _, err := site.Resources.NodeCronJobs(site.Namespace).Create(t.Context(), n, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
}

// waitCondition waits until a condition of a NodeCronJob has a status.
func waitCondition(t *testing.T, site *rig.Site, name, condition string, status metav1.ConditionStatus) metav1.Condition {
	t.Helper()
	var found metav1.Condition
	eventually(t, fmt.Sprintf("NodeCronJob %s is %s=%s", name, condition, status), func() bool {
		n, err := site.Resources.NodeCronJobs(site.Namespace).Get(t.Context(), name, metav1.GetOptions{})
		if err != nil {
			return false
		}
		c := meta.FindStatusCondition(n.Status.Conditions, condition)
		if c != nil {
			found = *c
		}
		return c != nil && c.Status == status
	})
	return found
}

func waitPhase(t *testing.T, site *rig.Site, name string, phase v1alpha1.ExecutionPhase) (e *v1alpha1.Execution) {
	t.Helper()
	eventually(t, fmt.Sprintf("execution %s is %s", name, phase), func() (ok bool) {
		var err error
		e, err = site.Executions().Get(t.Context(), name, metav1.GetOptions{})
		return err == nil && e.Status.Phase == phase
	})
	return e
}

// TestNodeCronJobs lets one server run NodeCronJobs beside the definition of its ConfigMap, and
// dies while executions of all of them are open.
func TestNodeCronJobs(t *testing.T) {
	t.Parallel()
	site := rig.NewSite(t, shared, rig.Config{Pool: 2, RunFor: untilEnded, Keys: map[string]any{"result": "Optional"}})
	nodes := site.AddNodes(2)
	server := site.NewServer(1).WithKubeconfig(site.ServiceAccount()).WithArgs("--callback-key-secret=" + roleKeySecret)
	server.Start()
	define(t, site, "disk")
	define(t, site, "net")
	define(t, site, "broken", func(n *v1alpha1.NodeCronJob) { n.Spec.CronExpression = "61 * * * *" })
	define(t, site, "thief", func(n *v1alpha1.NodeCronJob) { n.Spec.Metrics.Prefix = "disk" })
	for _, name := range []string{"disk", "net"} {
		waitCondition(t, site, name, v1alpha1.ConditionReady, metav1.ConditionTrue)
		ask(t, site, func(e *v1alpha1.Execution) { e.Name, e.Spec.NodeCronJobName = name+"-first", name })
	}
	if c := waitCondition(t, site, "broken", v1alpha1.ConditionAccepted, metav1.ConditionFalse); c.Reason != v1alpha1.ReasonInvalid {
		t.Errorf("broken: got %+v", c)
	}
	if c := waitCondition(t, site, "thief", v1alpha1.ConditionAccepted, metav1.ConditionFalse); c.Reason != v1alpha1.ReasonMetricConflict {
		t.Errorf("thief: got %+v", c)
	}
	site.Audit.Until(patience, "the pods of three definitions run", func(state *audit.State) bool {
		return len(state.Pods) == 3*len(nodes) && state.MostLive == 3*len(nodes)
	})
	server.Kill()
	server.Start()
	for _, name := range []string{"disk", "net"} {
		waitPhase(t, site, name+"-first", v1alpha1.Open)
	}
	endEach(t, site)
	for _, name := range []string{"disk", "net"} {
		e := waitPhase(t, site, name+"-first", v1alpha1.Closed)
		if c := e.Status.Counts; c == nil || c.Nodes != 2 || c.OK != 2 {
			t.Errorf("%s: its nodes are %+v", name, c)
		}
		eventually(t, "the status of "+name+" has its last execution", func() bool {
			n, err := site.Resources.NodeCronJobs(site.Namespace).Get(t.Context(), name, metav1.GetOptions{})
			return err == nil && n.Status.ActiveExecution == nil && n.Status.LastExecution != nil && n.Status.LastExecution.Name == e.Name
		})
		waitCondition(t, site, name, v1alpha1.ConditionHealthy, metav1.ConditionTrue)
	}
	site.Audit.Until(patience, "the bad ones have events", func(state *audit.State) bool { return len(state.EventsOf(kube.EventNotAccepted)) == 2 })
	site.Audit.Read(func(state *audit.State) {
		if n := len(state.Jobs); n != 3*len(nodes) {
			t.Errorf("%d Jobs were created, want one for each node and definition", n)
		}
	})
}

// endEach ends all pods that run.
func endEach(t *testing.T, site *rig.Site) {
	t.Helper()
	var pods []*corev1.Pod
	site.Audit.Read(func(state *audit.State) { pods = slices.Collect(maps.Values(state.Pods)) })
	for _, pod := range pods {
		if err := site.EndPod(t.Context(), pod); err != nil {
			t.Fatal(err)
		}
	}
}

// TestADeletedNodeCronJobTakesItsExecutionsWithIt deletes NodeCronJobs with an open execution,
// in each way that there is.
func TestADeletedNodeCronJobTakesItsExecutionsWithIt(t *testing.T) {
	t.Parallel()
	for policy, goes := range map[metav1.DeletionPropagation]bool{
		metav1.DeletePropagationBackground: true,
		metav1.DeletePropagationForeground: true,
		metav1.DeletePropagationOrphan:     false,
	} {
		t.Run(string(policy), func(t *testing.T) {
			t.Parallel()
			site := rig.NewSite(t, shared, rig.Config{Pool: 1, RunFor: untilEnded, Keys: map[string]any{"runOnStartup": false}})
			site.AddNodes(1)
			site.NewServer(1).WithKubeconfig(site.ServiceAccount()).WithArgs("--callback-key-secret=" + roleKeySecret).Start()
			define(t, site, "disk")
			waitCondition(t, site, "disk", v1alpha1.ConditionReady, metav1.ConditionTrue)
			ask(t, site, func(e *v1alpha1.Execution) { e.Spec.NodeCronJobName = "disk" })
			site.Audit.Until(patience, "a pod runs", func(state *audit.State) bool { return len(state.Pods) == 1 && state.MostLive == 1 })
			if err := site.Resources.NodeCronJobs(site.Namespace).Delete(t.Context(), "disk", metav1.DeleteOptions{PropagationPolicy: &policy}); err != nil {
				t.Fatal(err)
			}
			if !goes {
				site.Audit.Until(patience, "the execution has no owner any more", func(*audit.State) bool {
					e, err := site.Executions().Get(t.Context(), asked, metav1.GetOptions{})
					return err == nil && len(e.OwnerReferences) == 0
				})
				endEach(t, site)
				waitPhase(t, site, asked, v1alpha1.Closed)
			} else {
				eventually(t, "the execution is gone", func() bool {
					_, err := site.Executions().Get(t.Context(), asked, metav1.GetOptions{})
					return apierrors.IsNotFound(err)
				})
			}
			eventually(t, "the state knows nothing of it", func() bool {
				state, err := site.Client.CoreV1().ConfigMaps(site.Namespace).Get(t.Context(), jobspec.StateName(rig.Name), metav1.GetOptions{})
				return err == nil && state.Data["executions"] == "" && !strings.Contains(state.Data["ticks"], "disk")
			})
		})
	}
}

// TestTheFirstJobOfANodeCronJob measures from the creation of a NodeCronJob, and of an
// Execution of it, to the first Job.
func TestTheFirstJobOfANodeCronJob(t *testing.T) {
	t.Parallel()
	site := rig.NewSite(t, shared, rig.Config{Pool: 1, RunFor: time.Second, Keys: map[string]any{"runOnStartup": false}})
	site.AddNodes(1)
	site.NewServer(1).WithKubeconfig(site.ServiceAccount()).WithArgs("--callback-key-secret=" + roleKeySecret).Start()
	began := time.Now()
	define(t, site, "disk")
	ask(t, site, func(e *v1alpha1.Execution) { e.Spec.NodeCronJobName = "disk" })
	site.Audit.Until(patience, "there is a Job", func(state *audit.State) bool { return len(state.Jobs) == 1 })
	t.Logf("from nothing to the first Job: %s", time.Since(began).Round(time.Millisecond))
	waitPhase(t, site, asked, v1alpha1.Closed)
}
