package controller

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
	eventsclient "k8s.io/client-go/kubernetes/typed/events/v1"
	clienttesting "k8s.io/client-go/testing"

	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/testkit"
)

// refuseJobs counts the requests to create Jobs, and rejects them for a while.
func (c *cluster) refuseJobs(until time.Time, refusal error) *meter {
	asked := &meter{}
	c.react("create", "jobs", func(clienttesting.Action) (bool, runtimeObject, error) {
		asked.count()
		return time.Now().Before(until), nil, refusal
	})
	return asked
}

func quotaExceeded() error {
	return apierrors.NewForbidden(batchv1.Resource("jobs"), "check-1", errors.New("exceeded quota: jobs, requested: count/jobs.batch=1, used: 0, limited: 0"))
}

func (c *cluster) eventsOf(reason string) []corev1.Event {
	c.t.Helper()
	var found []corev1.Event
	for _, e := range eventsIn(c.t, c.client) {
		if e.Reason == reason {
			found = append(found, e)
		}
	}
	return found
}

func invalidJob() error {
	path := field.NewPath("spec", "template", "spec", "hostname")
	return apierrors.NewInvalid(batchv1.SchemeGroupVersion.WithKind("Job").GroupKind(), "check-1", field.ErrorList{field.Invalid(path, "a.b", "must not contain dots")})
}

// webhookDenial is the API server's error after a webhook has denied without a code.
func webhookDenial() error {
	return &apierrors.StatusError{ErrStatus: metav1.Status{
		Status: metav1.StatusFailure, Code: http.StatusBadRequest,
		Message: `admission webhook "policy.example" denied the request: cannot verify the image`,
	}}
}

// policyDenial is the error of a ValidatingAdmissionPolicy with the default reason.
func policyDenial(resource string) error {
	const message = "ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no owner"
	err := apierrors.NewForbidden(batchv1.Resource(resource), "check-1", errors.New(message))
	err.ErrStatus.Reason, err.ErrStatus.Code = metav1.StatusReasonInvalid, http.StatusUnprocessableEntity
	err.ErrStatus.Details.Causes = []metav1.StatusCause{{Message: message}}
	return err
}

func proxyAnswer(code int) error {
	return apierrors.NewGenericServerResponse(code, "POST", batchv1.Resource("jobs"), "check-1", "<html>who are you?</html>", 0, true)
}

func TestJobsThatAreRefused(t *testing.T) {
	tests := map[string]struct {
		err         error
		lasts       time.Duration
		wantWithin  time.Duration
		want        execution.Outcome
		wantRefused string // in the one event about it; empty: there is none
		wantInvalid string
		wantAsked   int // at most
	}{
		"F-13 by a quota that is raised": {
			err: quotaExceeded(), lasts: 2 * time.Minute, wantWithin: 3 * time.Minute, want: succeeded, wantRefused: "exceeded quota", wantAsked: 50,
		},
		"F-13 by a quota, for ever": { // three rounds of the pool, each of startDeadline
			err: quotaExceeded(), lasts: time.Hour, wantWithin: 30*time.Minute + 10*time.Second, want: failedWith(execution.JobRefused), wantRefused: "exceeded quota", wantAsked: 500,
		},
		"F-42 by a webhook without a code, for 20 s": {
			err: webhookDenial(), lasts: 20 * time.Second, wantWithin: time.Minute, want: succeeded, wantRefused: "cannot verify the image", wantAsked: 30,
		},
		"F-42 by a ValidatingAdmissionPolicy, for 20 s": {
			err: policyDenial("jobs"), lasts: 20 * time.Second, wantWithin: time.Minute, want: succeeded, wantRefused: "no owner", wantAsked: 30,
		},
		"F-42 by a proxy, for 20 s": {
			err: proxyAnswer(http.StatusBadRequest), lasts: 20 * time.Second, wantWithin: time.Minute, want: succeeded, wantRefused: "rejected, and retried", wantAsked: 30,
		},
		"F-42 by a webhook, for ever": {
			err: webhookDenial(), lasts: time.Hour, wantWithin: 30*time.Minute + 10*time.Second, want: failedWith(execution.JobRefused), wantRefused: "cannot verify the image", wantAsked: 500,
		},
		"F-08 by no API server at all behind a proxy, for longer than startDeadline": {
			err: proxyAnswer(http.StatusBadGateway), lasts: 15 * time.Minute, wantWithin: 16 * time.Minute, want: succeeded, wantAsked: 200,
		},
		"F-14 as invalid": {
			err: invalidJob(), lasts: time.Hour, wantWithin: 10 * time.Second, want: failedWith(execution.JobInvalid), wantInvalid: "hostname: Invalid value", wantAsked: 6,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				nodes := []string{"a", "b", "c", "d", "e", "f"}
				c := newCluster(t, nodes...)
				asked := c.refuseJobs(time.Now().Add(tt.lasts), tt.err)
				r := startReplica(t, c, newMemoryStore(), testConfig())
				defer r.kill()
				time.Sleep(tt.wantWithin)
				rec := c.records()[0]
				if rec.Account.Phase != execution.Closed {
					t.Fatalf("phase: got %s, want Closed", rec.Account.Phase)
				}
				for _, node := range nodes {
					if got := outcomes(rec)[node]; got != tt.want {
						t.Errorf("node %s: got %v, want %v", node, got, tt.want)
					}
				}
				c.wantOneEvent(kube.EventJobRefused, tt.wantRefused)
				c.wantOneEvent(kube.EventJobInvalid, tt.wantInvalid)
				if got := asked.count() - 1; got > tt.wantAsked {
					t.Errorf("requests: got %d, want at most %d", got, tt.wantAsked)
				}
			})
		})
	}
}

// wantOneEvent wants one event of the reason, written once, with the text; or none, without
// a text.
func (c *cluster) wantOneEvent(reason, says string) {
	c.t.Helper()
	found := c.eventsOf(reason)
	if says == "" && len(found) > 0 {
		c.t.Errorf("events %s: got %d, want none: %s", reason, len(found), found[0].Message)
	}
	if says != "" && (len(found) != 1 || found[0].Count != 1 || !strings.Contains(found[0].Message, says)) {
		c.t.Errorf("events %s: got %+v, want one that is not repeated and says %q", reason, found, says)
	}
}

// What counts is how long a Job is rejected, not how long the controller has tried: an API
// server that was unavailable has rejected nothing.
func TestARefusalAfterAnOutageIsTriedAgain(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a", "b", "c")
		began := time.Now()
		c.react("create", "jobs", func(clienttesting.Action) (bool, runtimeObject, error) {
			switch since := time.Since(began); {
			case since < time.Hour:
				return true, nil, errors.New("connection refused")
			case since < time.Hour+time.Minute:
				return true, nil, webhookDenial()
			}
			return false, nil, nil
		})
		r := startReplica(t, c, newMemoryStore(), testConfig())
		defer r.kill()
		time.Sleep(time.Hour + 2*time.Minute)
		c.wantAllSucceeded(2)
	})
}

// The API server was unavailable between the last rejection and the end of the outage: it may
// accept the Job now.
func TestAnOldRefusalEndsNoTask(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a", "b", "c")
		began := time.Now()
		c.react("create", "jobs", func(clienttesting.Action) (bool, runtimeObject, error) {
			switch since := time.Since(began); {
			case since < time.Minute:
				return true, nil, webhookDenial()
			case since < time.Hour:
				return true, nil, errors.New("connection refused")
			}
			return false, nil, nil
		})
		r := startReplica(t, c, newMemoryStore(), testConfig())
		defer r.kill()
		time.Sleep(time.Hour + time.Minute)
		c.wantAllSucceeded(2)
	})
}

// unwritten is an API server that never responds to the write of an event with a text.
type unwritten struct {
	*testkit.Clientset
	says string
}

func (u unwritten) EventsV1() eventsclient.EventsV1Interface {
	return unwrittenEvents{u.Clientset.EventsV1(), u.says}
}

type unwrittenEvents struct {
	eventsclient.EventsV1Interface
	says string
}

func (u unwrittenEvents) Events(namespace string) eventsclient.EventInterface {
	return unwrittenIn{u.EventsV1Interface.Events(namespace), u.says}
}

type unwrittenIn struct {
	eventsclient.EventInterface
	says string
}

func (u unwrittenIn) Create(ctx context.Context, event *eventsv1.Event, options metav1.CreateOptions) (*eventsv1.Event, error) {
	if strings.Contains(event.Note, u.says) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return u.EventInterface.Create(ctx, event, options)
}

// A rejection within startDeadline ends no task, even if its event takes longer than that to
// write: the API server may accept the Job by then.
func TestARefusalWhoseEventTakesLongEndsNoTask(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		const deadline = 15 * time.Second
		c := newCluster(t, "a")
		var first, denied time.Time
		c.react("create", "jobs", func(clienttesting.Action) (bool, runtimeObject, error) {
			if first.IsZero() {
				first = time.Now()
			}
			switch since := time.Since(first); {
			case since < deadline-kube.EventTimeout:
				return true, nil, quotaExceeded()
			case since < deadline:
				denied = time.Now()
				return true, nil, webhookDenial() // of another cause: it has an event of its own
			}
			return false, nil, nil
		})
		r := startReplicaWith(t, unwritten{c.client, "cannot verify the image"}, newMemoryStore(),
			testConfig(func(c *config.Config) { c.StartDeadline = deadline }))
		defer r.kill()
		time.Sleep(time.Minute)
		c.wantAllSucceeded(2)
		if denied.Add(kube.EventTimeout).Sub(first) <= deadline {
			t.Error("no request was denied so late that its event outlasts startDeadline")
		}
	})
}

// A policy that denies for a while only costs time, also for a leader that starts meanwhile.
func TestALeaderThatStartsWhileJobsAreRefused(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a", "b", "c", "d")
		store := newMemoryStore()
		c.refuseJobs(time.Now().Add(25*time.Second), policyDenial("jobs"))
		first := startReplica(t, c, store, testConfig())
		time.Sleep(10 * time.Second)
		first.kill()
		second := startReplica(t, c, store, testConfig())
		defer second.kill()
		time.Sleep(2 * time.Minute)
		c.wantAllSucceeded(2)
		if got := second.metric("batch_job_controller_tasks_in_flight"); got != 0 {
			t.Errorf("slots that are taken: got %v, want none", got)
		}
	})
}

// A template that is invalid on every node gets one event, not one for each node.
func TestInvalidJobsOfManyNodesAreOneEvent(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var nodes []string
		for i := range 300 {
			nodes = append(nodes, fmt.Sprintf("n%03d", i))
		}
		c := newCluster(t, nodes...)
		c.refuseJobs(time.Now().Add(time.Hour), invalidJob())
		r := startReplica(t, c, newMemoryStore(), testConfig())
		defer r.kill()
		time.Sleep(2 * time.Minute)
		if got := outcomes(c.records()[0])["n299"]; got != failedWith(execution.JobInvalid) {
			t.Fatalf("outcome: got %v, want %s", got, execution.JobInvalid)
		}
		c.wantOneEvent(kube.EventJobInvalid, "hostname")
	})
}
