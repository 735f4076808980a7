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

// ErrNoKeyring says that the configuration was changed under an open execution, and
// that the callback key has gone with it.
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
	busy  chan struct{} // full while it is created
	there bool
}

// NewCreator returns a creator for an execution, which does not know yet what there is.
func NewCreator(o Options, p execution.Plan) *Creator {
	c := &Creator{Options: o, chunks: make([]chunk, count(p))}
	for i := range c.chunks {
		c.chunks[i].busy = make(chan struct{}, 1)
	}
	return c
}

// Ensure creates the Secret with the token of a node task, unless it is there. The
// pod takes its token from it. What it holds follows from the key and the nodes,
// so that it is the same if another replica with that key created it. The error may be
// ErrNoKeyring.
func (c *Creator) Ensure(ctx context.Context, p execution.Plan, owner jobspec.Owner, index int) error {
	if p.Settings.CallbackAuth != execution.TokenAuth {
		return nil
	}
	number := p.Settings.TokenSecret(index)
	chunk := &c.chunks[number]
	select {
	case chunk.busy <- struct{}{}:
		defer func() { <-chunk.busy }()
	case <-ctx.Done(): // the worker that creates it may wait long for the API server
		return fmt.Errorf("wait for a token Secret: %w", ctx.Err())
	}
	if chunk.there {
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
	chunk.there = true
	return nil
}

// deleteOutdated deletes a token Secret if it was made with a key that is
// not known any more: what its tokens send would be refused. The API server is
// not asked what is there, which the role does not allow; it decides by the label.
// Pods that have started have their tokens, and those that are about to start
// wait for the Secret that is created next.
func (c *Creator) deleteOutdated(ctx context.Context, secret *corev1.Secret) error {
	outdated, err := labels.NewRequirement(jobspec.KeyLabel, selection.NotIn, c.Keyring.Current().IDs())
	if err != nil {
		return fmt.Errorf("select Secret %s: %w", secret.Name, err)
	}
	err = c.Client.CoreV1().Secrets(c.Namespace).DeleteCollection(ctx, metav1.DeleteOptions{}, metav1.ListOptions{
		FieldSelector: fields.OneTermEqualSelector(metav1.ObjectNameField, secret.Name).String(),
		LabelSelector: labels.NewSelector().Add(*outdated).String(),
	})
	if apierrors.IsForbidden(err) { // by a role of before
		c.Log.Warn("whether a token Secret is of a key that is known cannot be told: the role does not let Secrets be deleted as a collection",
			"secret", secret.Name, "error", err)
		return nil
	}
	if err != nil {
		return fmt.Errorf("delete Secret %s if its key is not known: %w", secret.Name, err)
	}
	return nil
}
