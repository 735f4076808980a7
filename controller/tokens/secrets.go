package tokens

import (
	"log/slog"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/batch-job-controller/batch-job-controller/controller/auth"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
)

// Options are the options of a Creator or a Deleter.
type Options struct {
	Controller string
	Namespace  string
	Client     kube.Client
	Keyring    *auth.Keyring // nil: callbacks need no tokens
	Log        *slog.Logger
}

// count returns how many Secrets hold the tokens of an execution.
func count(p execution.Plan) int {
	if p.Settings.CallbackAuth != execution.TokenAuth || len(p.Nodes) == 0 {
		return 0
	}
	return p.Settings.TokenSecret(len(p.Nodes)-1) + 1
}

// secret returns a Secret of an execution. One key derives all of its tokens.
func (o Options) secret(p execution.Plan, owner jobspec.Owner, number int) *corev1.Secret {
	ring, tokens := o.Keyring.Current(), map[string][]byte{}
	for _, node := range p.TokenNodes(number) {
		tokens[node.Name] = []byte(ring.Token(execution.Key{Execution: p.ID, Node: node.Name}))
	}
	own := jobspec.CommonLabels(o.Controller, jobspec.TokenComponent)
	own[jobspec.NodeCronJobLabel] = p.NodeCronJob
	own[jobspec.ExecutionLabel] = string(p.ID)
	own[jobspec.KeyLabel] = ring.IDs()[0]
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{
			Name:            jobspec.TokenSecretName(p.NodeCronJob, p.ID, number),
			Labels:          own,
			Annotations:     jobspec.CommonAnnotations(),
			OwnerReferences: []metav1.OwnerReference{jobspec.OwnerReference(owner)},
		},
		Type:      corev1.SecretTypeOpaque,
		Immutable: ptr.To(true),
		Data:      tokens,
	}
}
