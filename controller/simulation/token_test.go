package simulation

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/auth"
	"github.com/batch-job-controller/batch-job-controller/controller/backoff"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/route"
)

const keyName = name + "-callback-key"

// keySecret is the callback key of the seed.
func (w *world) keySecret() *corev1.Secret {
	key := make([]byte, 0, route.TokenKeyBytes)
	for l := w.draw("callback key"); len(key) < route.TokenKeyBytes; l = l.next() {
		key = binary.LittleEndian.AppendUint64(key, uint64(l))
	}
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: keyName, Namespace: namespace},
		Data:       map[string][]byte{"current": key},
	}
}

// openKeyring reads or creates the callback key, and retries until the API server responds.
func (p *process) openKeyring(ctx context.Context, view *view) (*auth.Keyring, error) {
	for pauses := backoff.New(time.Second, 15*time.Second, nil); ; {
		keyring, err := auth.OpenKeyring(ctx, auth.KeyringOptions{
			Controller: name, Namespace: namespace, Secret: keyName, Create: true,
			Secrets: view.CoreV1().Secrets(namespace), Clock: jitteredClock{},
		})
		if err == nil || apierrors.IsForbidden(err) {
			return keyring, err
		}
		if err := p.sleep(ctx, pauses.Next(), p.luck(request{verb: "wait", kind: secrets, name: keyName})); err != nil {
			return nil, err
		}
	}
}

// secretCreated checks a token Secret.
func (w *world) secretCreated(secret *corev1.Secret) {
	if id := executionOf(secret); id != "" { // otherwise it is the callback key
		w.oracle.secretCreated(id, secret)
	}
}

func executionOf(o object) execution.ID { return execution.ID(o.GetLabels()[jobspec.ExecutionLabel]) }

// giveToken is the kubelet: it reads the token for the container's environment, without
// which the container does not start. It reports whether the token exists.
func (w *world) giveToken(l *life) bool {
	ref := tokenReference(l)
	if ref == nil {
		w.fail("I4: the pod %s has no token in its environment", l.pod)
		return false
	}
	secret, _ := w.api.get(secrets, ref.Name).(*corev1.Secret)
	if secret == nil || secret.Data[ref.Key] == nil {
		w.oracle.tokenMissing(l, ref)
		w.note("kubelet", "waits", l.pod, "CreateContainerConfigError")
		w.alterPod(l, func(pod *corev1.Pod) { pod.Status.ContainerStatuses = waiting("CreateContainerConfigError") })
		return false
	}
	l.token = string(secret.Data[ref.Key])
	return true
}

func tokenReference(l *life) *corev1.SecretKeySelector {
	for _, v := range l.job.Spec.Template.Spec.Containers[0].Env {
		if v.Name == jobspec.EnvToken && v.ValueFrom != nil {
			return v.ValueFrom.SecretKeyRef
		}
	}
	return nil
}

// meddle sends a result for a pod's neighbour with the pod's own token. The response must
// be a denial, if there is one.
func (w *world) meddle(l *life) {
	luck := w.draw("meddles", l.pod)
	neighbour := w.neighbour(l.key)
	if !luck.chance(w.scenario.meddlers) || neighbour.Node == "" {
		return
	}
	err := w.request(l, message{key: neighbour, token: l.token, part: firstPart, value: -1}, luck.next())
	w.mu.Lock()
	defer w.mu.Unlock()
	w.note("pod", "meddle", l.pod, fmt.Sprint(err))
	switch {
	case errors.Is(err, execution.ErrOtherTask):
		w.oracle.stats.Denied++
	case errors.Is(err, errRefused), errors.Is(err, errReset), errors.Is(err, errKilled):
	default:
		w.fail("the pod %s reported for %s with its own token, and was not denied: %v", l.pod, neighbour.Node, err)
	}
}

// neighbour returns the node task after this one, if there are two.
func (w *world) neighbour(key execution.Key) execution.Key {
	w.mu.Lock()
	defer w.mu.Unlock()
	r := w.oracle.records[key.Execution]
	if len(r.plan.Nodes) < 2 {
		return execution.Key{}
	}
	next := r.plan.Nodes[(r.index[key.Node]+1)%len(r.plan.Nodes)]
	return execution.Key{Execution: key.Execution, Node: next.Name}
}

// secretCreated checks that the record owns its token Secrets.
func (o *oracle) secretCreated(id execution.ID, secret *corev1.Secret) {
	o.stats.Secrets++
	r := o.records[id]
	if r == nil || !metav1.IsControlledBy(secret, r.object) {
		o.world.fail("the token Secret %s does not go with the record of %s", secret.Name, id)
		return
	}
	if r.phase != execution.Open {
		r.tokensKept = true // its sender no longer waits for the response
	}
}

// secretDeleted checks that the tokens are no longer needed.
func (o *oracle) secretDeleted(secret *corev1.Secret) {
	id := executionOf(secret)
	if id == "" {
		o.world.fail("the callback key was deleted")
		return
	}
	if r := o.records[id]; r.phase == execution.Open && !r.gone {
		o.world.fail("I4: the token Secret %s was deleted while its execution is open", secret.Name)
	}
	if _, err := fs.Stat(o.world.disk.FS(), string(id)+"/execution.json"); err != nil && !o.dropped(id) {
		o.world.fail("I4: the token Secret %s was deleted before the report of %s was written", secret.Name, id)
	}
}

// tokenMissing checks that no pod waits for a token while its execution can accept its
// result.
func (o *oracle) tokenMissing(l *life, ref *corev1.SecretKeySelector) {
	if r := o.records[l.key.Execution]; r.phase == execution.Open && !r.gone {
		o.world.fail("I4: the pod %s cannot start: there is no token of %s in the Secret %s", l.pod, ref.Key, ref.Name)
	}
}

// keepTokens records that a request to delete the token Secrets of closed executions
// failed.
func (o *oracle) keepTokens() {
	for _, r := range o.records {
		r.tokensKept = r.tokensKept || r.phase == execution.Closed
	}
}

// tokensLeft describes a token Secret that should have been deleted, by the leader or with
// its record; empty: there is none.
func (o *oracle) tokensLeft() string {
	w := o.world
	for _, secret := range w.api.tables[secrets].at(w.api.version) {
		id := executionOf(secret)
		if id == "" {
			continue
		}
		switch r := o.records[id]; {
		case o.waits(id), o.isStarved(id):
		case r.gone && time.Since(r.goneAt) > 5*time.Second:
			return fmt.Sprintf("the token Secret %s outlived the record of %s", secret.GetName(), id)
		case !r.gone && !r.tokensKept:
			return fmt.Sprintf("the token Secret %s outlived execution %s, and no request to delete it failed", secret.GetName(), id)
		}
	}
	return ""
}
