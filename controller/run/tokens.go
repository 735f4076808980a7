package run

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

// TokenSecrets returns how many Secrets hold the tokens of an execution.
func TokenSecrets(p execution.Plan) int {
	if p.Settings.CallbackAuth != execution.TokenAuth || len(p.Nodes) == 0 {
		return 0
	}
	return p.Settings.TokenSecret(len(p.Nodes)-1) + 1
}

func newTokenChunks(p execution.Plan) []tokenChunk {
	chunks := make([]tokenChunk, TokenSecrets(p))
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
// so that it is the same if another replica with that key created it.
func (e *Execution) ensureTokens(ctx context.Context, t task) error {
	if t.plan.Settings.CallbackAuth != execution.TokenAuth {
		return nil
	}
	number := t.plan.Settings.TokenSecret(t.index)
	chunk := &e.tokens[number]
	select {
	case chunk.busy <- struct{}{}:
		defer func() { <-chunk.busy }()
	case <-ctx.Done(): // the worker that creates it may wait long for the API server
		return fmt.Errorf("wait for a token Secret: %w", ctx.Err())
	}
	if chunk.there {
		return nil
	}
	if e.Keyring == nil {
		return errNoKeyring
	}
	secret := e.tokenSecret(t, number)
	client := e.Client.CoreV1().Secrets(e.Namespace)
	_, err := client.Create(ctx, secret, metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		if err = e.deleteOutdatedTokens(ctx, secret); err == nil {
			_, err = client.Create(ctx, secret, metav1.CreateOptions{})
		}
	}
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("create Secret %s: %w", secret.Name, err)
	}
	chunk.there = true
	return nil
}

// deleteOutdatedTokens deletes a token Secret if it was made with a key that is
// not known any more: what its tokens send would be refused. The API server is
// not asked what is there, which the role does not allow; it decides by the label.
// Pods that have started have their tokens, and those that are about to start
// wait for the Secret that is created next.
func (e *Execution) deleteOutdatedTokens(ctx context.Context, secret *corev1.Secret) error {
	outdated, err := labels.NewRequirement(jobspec.KeyLabel, selection.NotIn, e.Keyring.Current().IDs())
	if err != nil {
		return fmt.Errorf("select Secret %s: %w", secret.Name, err)
	}
	err = e.Client.CoreV1().Secrets(e.Namespace).DeleteCollection(ctx, metav1.DeleteOptions{}, metav1.ListOptions{
		FieldSelector: fields.OneTermEqualSelector(metav1.ObjectNameField, secret.Name).String(),
		LabelSelector: labels.NewSelector().Add(*outdated).String(),
	})
	if apierrors.IsForbidden(err) { // by a role of before
		e.Log.Warn("whether a token Secret is of a key that is known cannot be told: the role does not let Secrets be deleted as a collection",
			"secret", secret.Name, "error", err)
		return nil
	}
	if err != nil {
		return fmt.Errorf("delete Secret %s if its key is not known: %w", secret.Name, err)
	}
	return nil
}

func (e *Execution) tokenSecret(t task, number int) *corev1.Secret {
	ring, tokens := e.Keyring.Current(), map[string][]byte{} // of one key all of them
	for _, node := range t.plan.TokenNodes(number) {
		tokens[node.Name] = []byte(ring.Token(execution.Key{Execution: t.plan.ID, Node: node.Name}))
	}
	own := jobspec.CommonLabels(e.Controller, jobspec.TokenComponent)
	own[jobspec.ExecutionLabel] = string(t.plan.ID)
	own[jobspec.KeyLabel] = ring.IDs()[0]
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{
			Name:            jobspec.TokenSecretName(e.Controller, t.plan.ID, number),
			Labels:          own,
			OwnerReferences: []metav1.OwnerReference{jobspec.OwnerReference(t.owner)},
		},
		Type:      corev1.SecretTypeOpaque,
		Immutable: ptr.To(true),
		Data:      tokens,
	}
}
