package controller

import (
	"context"
	"fmt"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
)

// openExecution selects the nodes and writes the execution record: from then
// on the execution exists, whoever leads.
func (c *Controller) openExecution(ctx context.Context, fence Fence, trigger execution.Trigger, at time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	if err := fence(); err != nil {
		return err
	}
	settings, err := c.settings(ctx)
	if err != nil {
		return err
	}
	nodes, skipped := plan.SelectNodes(plan.NodePolicy{
		Selector:              c.Config.JobNodeSelector,
		RunOnUnscheduledNodes: c.Config.RunOnUnscheduledNodes,
	}, c.caches.listNodes())
	created, isNew, err := c.createRecord(ctx, execution.Plan{
		ID:         execution.NewID(at),
		Trigger:    trigger,
		Scheduled:  at.UTC().Truncate(time.Second),
		ConfigHash: c.Config.Hash,
		Settings:   settings,
		Nodes:      nodes,
		Skipped:    skipped,
	})
	if err != nil {
		return err
	}
	if created.account.Phase == execution.Closed { // another leader was here
		return nil
	}
	c.adopt(created)
	if isNew {
		c.announceOpened(ctx, created)
	}
	return nil
}

// createRecord creates the record. If one of its ID exists, it is either this
// very tick's, written by another leader or by a request whose answer was
// lost, or another trigger's that fell into the same second: then the next
// second is taken.
func (c *Controller) createRecord(ctx context.Context, p execution.Plan) (r record, isNew bool, err error) {
	const sameSecond = 10
	for range sameSecond {
		r, err = c.records.create(ctx, p, execution.Account{Phase: execution.Open})
		if err == nil {
			return r, true, nil
		}
		if !apierrors.IsAlreadyExists(err) {
			return record{}, false, err
		}
		there, err := c.records.get(ctx, p.ID)
		if err != nil {
			return record{}, false, err
		}
		if there.plan.Trigger == p.Trigger && there.plan.Scheduled.Equal(p.Scheduled) {
			return there, false, nil
		}
		p.ID = p.ID.Next()
	}
	return record{}, false, fmt.Errorf("no free execution ID near %s: %w", p.ID, err)
}

// settings freezes the configuration for an execution.
func (c *Controller) settings(ctx context.Context) (execution.Settings, error) {
	host, err := c.callbackHost(ctx)
	if err != nil {
		return execution.Settings{}, err
	}
	return settingsOf(c.Config, host), nil
}

func settingsOf(cfg config.Config, host string) execution.Settings {
	return execution.Settings{
		PodPoolSize:           cfg.PodPoolSize,
		StartDeadline:         cfg.StartDeadline,
		JobTimeout:            cfg.JobTimeout,
		BackoffLimit:          cfg.BackoffLimit,
		TolerateUnschedulable: cfg.RunOnUnscheduledNodes,
		SavePodLog:            cfg.SavePodLog,
		JobServiceAccount:     cfg.JobServiceAccount,
		JobImagePullSecrets:   cfg.JobImagePullSecrets,
		PodTemplate:           cfg.PodTemplate,
		CallbackName:          host,
		CallbackPort:          cfg.CallbackServicePort,
	}
}

// SampleJob returns the Job that a node called sample-node would get, for the
// API server to judge before there are real ones.
func SampleJob(cfg config.Config, namespace string, extensions []jobspec.EnvExtension) (*batchv1.Job, error) {
	sample := execution.Plan{ID: execution.NewID(time.Unix(0, 0)), Settings: settingsOf(cfg, "sample-host")}
	return jobspec.Render(sample, execution.Node{Name: "sample-node"}, jobspec.Options{
		Controller: cfg.Name,
		Namespace:  namespace,
		Owner:      jobspec.Owner{Name: "sample", UID: "sample"},
		Extensions: extensions,
	})
}

// callbackHost returns what job pods connect to: the address of the Service
// rather than its name, because pods on the host's network often cannot
// resolve the names of Services.
func (c *Controller) callbackHost(ctx context.Context) (string, error) {
	if c.PodIP != "" {
		return c.PodIP, nil
	}
	name := c.Config.CallbackServiceName
	service, err := c.Client.CoreV1().Services(c.Namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return "", fmt.Errorf("callbackServiceName %q: %w", name, err)
	}
	if ip := service.Spec.ClusterIP; ip != "" && ip != corev1.ClusterIPNone {
		return ip, nil
	}
	return name + "." + c.Namespace + ".svc", nil
}

// adopt takes an open execution over: one just opened, or one that an earlier
// leader left. Every task gets a turn.
func (c *Controller) adopt(r record) {
	id := r.plan.ID
	if err := c.Store.Begin(id); err != nil {
		// What pods send is refused until the store works again; the Jobs run.
		c.Metrics.StoreError("begin")
		c.Log.Error("report directory not ready", "execution", id, "error", err)
	}
	open := c.restore(r)
	c.Results.Begin(id)
	c.Results.SetPods(len(r.plan.Nodes))
	c.Log.Info("execution open", "execution", id, "trigger", r.plan.Trigger,
		"nodes", len(r.plan.Nodes), "skipped", len(r.plan.Skipped), "ended", open.ledger.Ended())

	c.mu.Lock()
	defer c.mu.Unlock()
	c.open = open
	c.known[id] = true
	for i, t := range open.ledger.Tasks() {
		if t.Outcome.State.Final() {
			c.queueLogs(open, i)
		} else {
			c.tasks.Add(execution.Key{Execution: id, Node: t.Node.Name})
		}
	}
	c.grant(open)
	c.notifyKeeper()
}

func (c *Controller) announceOpened(ctx context.Context, r record) {
	c.Metrics.ExecutionOpened(string(r.plan.Trigger))
	about := recordReference(r.object)
	if len(r.plan.Nodes) == 0 {
		c.announce(ctx, about, true, eventNoNodes,
			fmt.Sprintf("no node takes part: jobNodeSelector %v matches no ready node, %d were left out", c.Config.JobNodeSelector, len(r.plan.Skipped)))
		return
	}
	c.announce(ctx, about, false, eventExecutionStarted,
		fmt.Sprintf("%d nodes, %d at a time; %d left out", len(r.plan.Nodes), r.plan.Settings.PodPoolSize, len(r.plan.Skipped)))
}
