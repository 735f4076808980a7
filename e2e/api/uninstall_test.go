//go:build e2e

package api

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/cli"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/e2e/api/rig"
)

// One label selects all objects that a controller leaves in a namespace. docs/install.md
// deletes them by this label, and the next controller starts afresh.
func TestNothingIsLeftWithoutTheOwnersLabel(t *testing.T) {
	t.Parallel()
	site := rig.NewSite(t, shared, rig.Config{Pool: 1, RunFor: time.Second, Keys: map[string]any{
		"callback": map[string]any{"tls": "selfSigned"},
	}})
	before := leftIn(t, site)
	server := site.NewServer(1)
	nodes := site.AddNodes(1)
	server.Start()
	checkReport(t, waitClosed(t, site), all(nodes, succeeded()))
	server.Stop()
	if made := len(leftIn(t, site)) - len(before); made < 6 {
		t.Errorf("the server left %d objects, want at least an execution, its plan, the state, the Lease, and two Secrets", made)
	}

	owned := metav1.ListOptions{LabelSelector: jobspec.OwnerLabel + "=" + rig.Name}
	background := metav1.DeletePropagationBackground
	options := metav1.DeleteOptions{PropagationPolicy: &background}
	err := errors.Join(
		site.Client.BatchV1().Jobs(site.Namespace).DeleteCollection(t.Context(), options, owned),
		site.Executions().DeleteCollection(t.Context(), options, owned),
		site.Client.CoreV1().ConfigMaps(site.Namespace).DeleteCollection(t.Context(), options, owned),
		site.Client.CoreV1().Secrets(site.Namespace).DeleteCollection(t.Context(), options, owned),
		site.Client.CoordinationV1().Leases(site.Namespace).DeleteCollection(t.Context(), options, owned),
	)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, leftIn(t, site)); diff != "" {
		t.Errorf("what is left (-before +after):\n%s", diff)
	}
}

// The definitions of resources are for all namespaces: with them, those of other users would
// go. The definitions of other tests are users, too.
func TestUninstallRefusesToDeleteDefinitionsThatAreUsed(t *testing.T) {
	t.Parallel()
	theirs, mine := newResources(t), newNamespace(t)
	theirs.kubectl(t, nodeCronJob("theirs", textual), "create", "-f", "-")
	streams, _, out, errOut := genericiooptions.NewTestIOStreams()
	status := batchjob.Run(t.Context(), "kubectl batchjob",
		[]string{"uninstall", "--delete-definitions", "--kubeconfig", shared.Kubeconfig(), "-n", mine, "--timeout", "1m"}, streams)
	if said := errOut.String(); status != cli.ExitConflict || !strings.Contains(said, "nothing was deleted: the custom resource definitions are used by ") {
		t.Errorf("got exit status %d, want %d, and that they are used; it says %s%s", status, cli.ExitConflict, out, said)
	}
	if deleted := theirs.kubectl(t, "", "get", "-k", definitionsDir, "-o", "jsonpath={.items[*].metadata.deletionTimestamp}"); deleted != "" {
		t.Errorf("they are being deleted since %s", deleted)
	}
	theirs.kubectl(t, "", "get", "nodecronjob", "theirs")
}

// leftIn returns the names of the objects that a controller creates and does not delete.
func leftIn(t *testing.T, site *rig.Site) (names []string) {
	t.Helper()
	all := metav1.ListOptions{}
	executions, errExecutions := site.Executions().List(t.Context(), all)
	configMaps, errConfigMaps := site.Client.CoreV1().ConfigMaps(site.Namespace).List(t.Context(), all)
	secrets, errSecrets := site.Client.CoreV1().Secrets(site.Namespace).List(t.Context(), all)
	leases, errLeases := site.Client.CoordinationV1().Leases(site.Namespace).List(t.Context(), all)
	jobs, errJobs := site.Client.BatchV1().Jobs(site.Namespace).List(t.Context(), all)
	if err := errors.Join(errExecutions, errConfigMaps, errSecrets, errLeases, errJobs); err != nil {
		t.Fatal(err)
	}
	for _, o := range executions.Items {
		names = append(names, "Execution "+o.Name)
	}
	for _, o := range configMaps.Items {
		if o.Name != "kube-root-ca.crt" { // Kubernetes creates it at any time
			names = append(names, "ConfigMap "+o.Name)
		}
	}
	for _, o := range secrets.Items {
		names = append(names, "Secret "+o.Name)
	}
	for _, o := range leases.Items {
		names = append(names, "Lease "+o.Name)
	}
	for _, o := range jobs.Items {
		names = append(names, "Job "+o.Name)
	}
	slices.Sort(names)
	return names
}
