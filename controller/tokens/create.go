package tokens

import (
	"context"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/selection"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
)

// ErrNoKeyring means that an open execution needs tokens, but that the configuration was
// changed since, so that this process has no callback key.
var ErrNoKeyring = errors.New("there is no callback key to make the tokens of the execution with")

// Creator creates the token Secrets of one execution, each when the first of its nodes
// needs it.
type Creator struct {
	Options
	chunks []chunk
}

// chunk is a Secret with the tokens of as many nodes of an execution as
// callback.tokensPerSecret says.
type chunk struct {
	busy   chan struct{} // full while a worker creates the Secret
	exists bool
}

// NewCreator returns a creator for an execution, which may already have Secrets.
func NewCreator(o Options, p execution.Plan) *Creator {
	c := &Creator{Options: o, chunks: make([]chunk, count(p))}
	for i := range c.chunks {
		c.chunks[i].busy = make(chan struct{}, 1)
	}
	return c
}

// Ensure creates the Secret with the token of a node task, unless it exists. The tokens
// follow from the key and the nodes, so that another replica with the same key creates
// the same Secret. The error may be ErrNoKeyring.
func (c *Creator) Ensure(ctx context.Context, p execution.Plan, owner jobspec.Owner, index int) error {
	if p.Settings.CallbackAuth != execution.TokenAuth {
		return nil
	}
	number := p.Settings.TokenSecret(index)
	chunk := &c.chunks[number]
	select {
	case chunk.busy <- struct{}{}:
		defer func() { <-chunk.busy }()
	case <-ctx.Done(): // another worker may wait long for the API server
		return fmt.Errorf("wait for a token Secret: %w", ctx.Err())
	}
	if chunk.exists {
		return nil
	}
	if c.Keyring == nil {
		return ErrNoKeyring
	}
	secret := c.secret(p, owner, number)
	client := c.Client.CoreV1().Secrets(c.Namespace)
	_, err := client.Create(ctx, secret, metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		if err = c.deleteOutdated(ctx, secret); err == nil {
			_, err = client.Create(ctx, secret, metav1.CreateOptions{})
		}
	}
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("create Secret %s: %w", secret.Name, err)
	}
	chunk.exists = true
	return nil
}

// deleteOutdated deletes a token Secret whose key this process does not have: callbacks
// with its tokens would be denied. The role does not allow reading Secrets, so that the
// API server selects the Secret by its key label. Pods that have started keep their
// tokens, and pods that are about to start wait for the Secret that is created next.
func (c *Creator) deleteOutdated(ctx context.Context, secret *corev1.Secret) error {
	outdated, err := labels.NewRequirement(jobspec.KeyLabel, selection.NotIn, c.Keyring.Current().IDs())
	if err != nil {
		return fmt.Errorf("select Secret %s: %w", secret.Name, err)
	}
	err = c.Client.CoreV1().Secrets(c.Namespace).DeleteCollection(ctx, metav1.DeleteOptions{}, metav1.ListOptions{
		FieldSelector: fields.OneTermEqualSelector(metav1.ObjectNameField, secret.Name).String(),
		LabelSelector: labels.NewSelector().Add(*outdated).String(),
	})
	if apierrors.IsForbidden(err) { // the role is of an earlier version
		c.Log.Warn("token Secret not checked for an outdated key: the role does not allow deletecollection of Secrets",
			"secret", secret.Name, "error", err)
		return nil
	}
	if err != nil {
		return fmt.Errorf("delete Secret %s if its key is outdated: %w", secret.Name, err)
	}
	return nil
}
