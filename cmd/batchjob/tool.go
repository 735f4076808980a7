package batchjob

import (
	"fmt"
	"time"

	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/metadata"

	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/objects"
	"github.com/batch-job-controller/batch-job-controller/cmd/version"
)

// tool is what the commands share.
type tool struct {
	genericiooptions.IOStreams
	name  string
	flags *genericclioptions.ConfigFlags
}

// cluster is the cluster of the kubeconfig.
type cluster struct {
	kubernetes.Interface
	metadata metadata.Interface
	objects  *objects.Client
}

func (t *tool) connect() (*cluster, error) {
	config, err := t.flags.ToRESTConfig()
	if err != nil {
		return nil, misuse(fmt.Errorf("kubeconfig: %w", err))
	}
	config.QPS, config.Burst = 50, 100
	config.UserAgent = "kubectl-batchjob/" + version.Own()
	clients, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, misuse(fmt.Errorf("kubeconfig: %w", err))
	}
	meta, err := metadata.NewForConfig(config)
	if err != nil {
		return nil, misuse(fmt.Errorf("kubeconfig: %w", err))
	}
	generic, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, misuse(fmt.Errorf("kubeconfig: %w", err))
	}
	if _, err := clients.Discovery().ServerVersion(); err != nil {
		return nil, fmt.Errorf("the cluster at %s does not respond: %w", config.Host, err)
	}
	mapper, err := t.flags.ToRESTMapper()
	if err != nil {
		return nil, fmt.Errorf("discover the resource types of the cluster: %w", err)
	}
	return &cluster{Interface: clients, metadata: meta, objects: &objects.Client{Dynamic: generic, Mapper: mapper}}, nil
}

// givenNamespace is the namespace of -n, or empty.
func (t *tool) givenNamespace() string { return *t.flags.Namespace }

// contextNamespace is the namespace of -n, or of the kubeconfig.
func (t *tool) contextNamespace() (string, error) {
	namespace, _, err := t.flags.ToRawKubeConfigLoader().Namespace()
	if err != nil {
		return "", misuse(fmt.Errorf("kubeconfig: %w", err))
	}
	return namespace, nil
}

// report prints a change of an object.
func (t *tool) report(r objects.Reference, change objects.Change) {
	fmt.Fprintf(t.Out, "%s %s\n", r, change)
}

// humanDuration formats a duration in its largest unit.
func humanDuration(d time.Duration) string {
	switch {
	case d < time.Second:
		return "<1s"
	case d < 2*time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < 2*time.Hour:
		return fmt.Sprintf("%dm", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh", int(d.Hours()))
	default:
		return fmt.Sprintf("%dd", int(d.Hours()/24))
	}
}
