package controller

import (
	"context"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
)

// tokenChunk is a Secret with the tokens of as many nodes of an execution as
// callback.tokensPerSecret says.
type tokenChunk struct {
	busy  chan struct{} // full while it is created
	there bool
}

// tokenSecrets returns how many Secrets hold the tokens of an execution.
func tokenSecrets(p execution.Plan) int {
	if p.Settings.CallbackAuth != execution.TokenAuth || len(p.Nodes) == 0 {
		return 0
	}
	return p.Settings.TokenSecret(len(p.Nodes)-1) + 1
}

func newTokenChunks(p execution.Plan) []tokenChunk {
	chunks := make([]tokenChunk, tokenSecrets(p))
	for i := range chunks {
		chunks[i].busy = make(chan struct{}, 1)
	}
	return chunks
}

// errNoKeyring is that the configuration was changed under an open execution, and
// that the callback key has gone with it.
var errNoKeyring = errors.New("there is no callback key to make the tokens of the execution with")

// ensureTokens creates the Secret with the task's token, unless it is there. The
// pod takes its token from it. What it holds follows from the key and the nodes,
// so whoever created it, it is the same.
func (c *Controller) ensureTokens(ctx context.Context, t task) error {
	if t.plan.Settings.CallbackAuth != execution.TokenAuth {
		return nil
	}
	number := t.plan.Settings.TokenSecret(t.index)
	chunk := &t.open.tokens[number]
	select {
	case chunk.busy <- struct{}{}:
		defer func() { <-chunk.busy }()
	case <-ctx.Done(): // whoever creates it may wait long for the API server
		return fmt.Errorf("wait for a token Secret: %w", ctx.Err())
	}
	if chunk.there {
		return nil
	}
	if c.Keyring == nil {
		return errNoKeyring
	}
	secret := c.tokenSecret(t, number)
	_, err := c.Client.CoreV1().Secrets(c.Namespace).Create(ctx, secret, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("create Secret %s: %w", secret.Name, err)
	}
	chunk.there = true
	return nil
}

func (c *Controller) tokenSecret(t task, number int) *corev1.Secret {
	tokens := map[string][]byte{}
	for i, node := range t.plan.Nodes {
		if t.plan.Settings.TokenSecret(i) != number {
			continue
		}
		tokens[node.Name] = []byte(c.Keyring.Token(execution.Key{Execution: t.plan.ID, Node: node.Name}))
	}
	labels := jobspec.CommonLabels(c.config().Name, jobspec.TokenComponent)
	labels[jobspec.ExecutionLabel] = string(t.plan.ID)
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{
			Name:            jobspec.TokenSecretName(c.config().Name, t.plan.ID, number),
			Labels:          labels,
			OwnerReferences: []metav1.OwnerReference{jobspec.OwnerReference(t.owner)},
		},
		Type:      corev1.SecretTypeOpaque,
		Immutable: ptr.To(true),
		Data:      tokens,
	}
}

// deleteTokens deletes the token Secrets of an execution that ends. They are
// worth nothing any more; what cannot be deleted goes with the record.
func (c *Controller) deleteTokens(ctx context.Context, fence Fence, p execution.Plan) {
	for number := range tokenSecrets(p) {
		name := jobspec.TokenSecretName(c.config().Name, p.ID, number)
		if err := c.deleteSecret(ctx, fence, name); err != nil {
			c.Log.Warn("token Secrets not deleted: they go with the execution record", "execution", p.ID, "secret", name, "error", err)
			return
		}
	}
}

func (c *Controller) deleteSecret(ctx context.Context, fence Fence, name string) error {
	write, done, err := fence(ctx)
	if err != nil {
		return err
	}
	defer done()
	err = c.Client.CoreV1().Secrets(c.Namespace).Delete(write, name, metav1.DeleteOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}
