package cli

import (
	"fmt"

	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/client-go/rest"

	"github.com/batch-job-controller/batch-job-controller/cmd/version"
)

// Tool is what the commands share.
type Tool struct {
	genericiooptions.IOStreams
	Name  string // in messages, such as kubectl batchjob
	Flags *genericclioptions.ConfigFlags
}

// NewTool returns a tool without the values of its flags, which the command line sets.
func NewTool(name string, streams genericiooptions.IOStreams) *Tool {
	return &Tool{IOStreams: streams, Name: name, Flags: genericclioptions.NewConfigFlags(true).WithWarningPrinter(streams)}
}

// GivenNamespace is the namespace of -n, or empty.
func (t *Tool) GivenNamespace() string { return *t.Flags.Namespace }

// ContextNamespace is the namespace of -n, or of the kubeconfig.
func (t *Tool) ContextNamespace() (string, error) {
	namespace, _, err := t.Flags.ToRawKubeConfigLoader().Namespace()
	if err != nil {
		return "", Misuse(fmt.Errorf("kubeconfig: %w", err))
	}
	return namespace, nil
}

// ClientConfig returns the configuration of a client of the cluster that the flags choose.
func ClientConfig(flags *genericclioptions.ConfigFlags) (*rest.Config, error) {
	config, err := flags.ToRESTConfig()
	if err != nil {
		return nil, Misuse(fmt.Errorf("kubeconfig: %w", err))
	}
	config.QPS, config.Burst = 50, 100
	config.UserAgent = "kubectl-batchjob/" + version.Own()
	return config, nil
}
