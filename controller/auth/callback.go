package auth

import (
	"context"
	"errors"
	"fmt"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/clock"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/route"
)

// CallbackOptions are the options of Callbacks.
type CallbackOptions struct {
	Controller string // its name
	Namespace  string
	// Auth is how a pod authenticates if the replica knows neither its execution nor
	// its Job.
	Auth        execution.CallbackAuth
	Credentials *Credentials
	Reviewer    func() *TokenReviewer // called for the first service account token
	// Open returns an execution if it is open and this replica knows it.
	Open     func(id execution.ID) (OpenExecution, bool)
	Cache    ObjectCache
	Pods     PodClient // of the namespace
	Jobs     JobClient // of the namespace
	Notifier Notifier
	Clock    clock.PassiveClock
}

// OpenExecution is the part of an open execution that Callbacks need.
type OpenExecution struct {
	Auth  execution.CallbackAuth // when the execution opened
	Owner jobspec.Owner          // of its Jobs
}

// ObjectCache is the replica's cache of the cluster. Its methods return nil for an
// object that is not in the cache.
type ObjectCache interface {
	Job(namespace, name string) *batchv1.Job
	JobOf(key execution.Key) *batchv1.Job
	Pod(namespace, name string) *corev1.Pod
}

// PodClient reads pods that are not in the cache yet.
type PodClient interface {
	Get(ctx context.Context, name string, o metav1.GetOptions) (*corev1.Pod, error)
}

// JobClient reads Jobs that are not in the cache yet.
type JobClient interface {
	Get(ctx context.Context, name string, o metav1.GetOptions) (*batchv1.Job, error)
}

// Notifier reports denials to the operator, each at most once a minute.
type Notifier interface {
	// OtherTask reports that the pod of a node task sent a callback for another one.
	OtherTask(ctx context.Context, whose, claimed execution.Key)
	// UnknownKey reports a token of an unknown key.
	UnknownKey(ctx context.Context, claimed execution.Key)
}

// Callbacks authorizes clients to send callbacks for a node task.
type Callbacks struct {
	CallbackOptions
	limiter    *reviewLimiter
	otherTask  noticePauses // of denials of tokens of another node task, by its node
	unknownKey noticePauses // of denials of tokens of unknown keys: one for all
}

// NewCallbacks returns Callbacks.
func NewCallbacks(o CallbackOptions) *Callbacks {
	return &Callbacks{CallbackOptions: o, limiter: newReviewLimiter()}
}

// Authenticate returns nil if a client with a credential may send callbacks for a node
// task. The leader checks forwarded callbacks again.
func (c *Callbacks) Authenticate(ctx context.Context, key execution.Key, credential string) error {
	auth := c.authOf(key)
	if auth == "" || auth == execution.NoAuth {
		return nil
	}
	if credential == "" {
		return execution.Deny(execution.DeniedMissing)
	}
	whose, err := c.verify(ctx, auth, credential)
	if errors.Is(err, route.ErrUnknownKey) && c.unknownKey.allow("", c.Clock.Now()) {
		c.Notifier.UnknownKey(ctx, key)
	}
	if err != nil {
		return err
	}
	if whose != key {
		if c.otherTask.allow(whose.Node, c.Clock.Now()) {
			c.Notifier.OtherTask(ctx, whose, key)
		}
		return execution.Deny(execution.DeniedOtherTask)
	}
	return nil
}

// AdmitReview is called before Authenticate. It returns an error if no token from the
// address may be reviewed now, and waits for a slot of the address. The caller has to
// pass the error of Authenticate to settle.
func (c *Callbacks) AdmitReview(ctx context.Context, key execution.Key, address, credential string) (settle func(error), err error) {
	if c.authOf(key) != execution.ServiceAccountTokenAuth || !c.Credentials.tokens().IsOwn(credential) {
		return func(error) {}, nil // needs no review
	}
	ctx, cancel := context.WithTimeout(ctx, ReviewTimeout)
	defer cancel()
	return c.limiter.admit(ctx, address, c.Clock.Now)
}

// authOf returns how the pod of a node task authenticates: as configured when its
// execution opened, because the pod's credentials do not change. It is empty for an
// execution that a version without authentication opened. A standby, which does not
// know the execution, uses the Job.
func (c *Callbacks) authOf(key execution.Key) execution.CallbackAuth {
	if open, ok := c.Open(key.Execution); ok {
		return open.Auth
	}
	if job := c.Cache.JobOf(key); job != nil {
		return execution.CallbackAuth(job.Annotations[jobspec.AuthAnnotation])
	}
	return c.Auth
}

// verify returns the node task of a credential. A new kind of credential is verified here;
// it needs a finder in route/credential.go first.
func (c *Callbacks) verify(ctx context.Context, auth execution.CallbackAuth, token string) (execution.Key, error) {
	if auth == execution.ServiceAccountTokenAuth && route.IsJWT(token) {
		return c.verifyPodToken(ctx, token)
	}
	if c.Credentials.keyring == nil {
		return execution.Key{}, execution.Deny(execution.DeniedUnknownKey)
	}
	whose, err := c.Credentials.keyring.Verify(ctx, token)
	switch {
	case err == nil:
		return whose, nil
	case errors.Is(err, route.ErrUnknownKey):
		return whose, fmt.Errorf("%w: %w", execution.Deny(execution.DeniedUnknownKey), err)
	case errors.Is(err, route.ErrWrongToken):
		return whose, execution.Deny(execution.DeniedWrong)
	default:
		return whose, execution.Deny(execution.DeniedMalformed)
	}
}
