package install

import (
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/client-go/kubernetes/fake"

	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/cli"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/cluster"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/objects"
)

// Without an installation, uninstall can still delete what an earlier uninstall kept.
func TestUninstallWhereNothingIsInstalled(t *testing.T) {
	meta := func(name, namespace, manager string) metav1.ObjectMeta {
		return metav1.ObjectMeta{
			Name: name, Namespace: namespace, Labels: map[string]string{"app.kubernetes.io/name": "batch-job-controller"},
			ManagedFields: []metav1.ManagedFieldsEntry{{Manager: manager, Operation: metav1.ManagedFieldsOperationApply}},
		}
	}
	theirs := &corev1.Namespace{ObjectMeta: meta("checks", "", "another-manager")}
	ours := &corev1.Namespace{ObjectMeta: meta("checks", "", objects.Manager)}
	claim := &corev1.PersistentVolumeClaim{ObjectMeta: meta("batch-job-controller", "checks", objects.Manager)}
	elsewhere := &appsv1.Deployment{ObjectMeta: meta("batch-job-controller", "other", objects.Manager)}
	both := uninstallOptions{deleteNamespace: true, deleteReports: true}
	tests := map[string]struct {
		live    []runtime.Object
		options uninstallOptions
		want    string // of the error; none: it is done
		wantOut string
	}{
		"without flags":                         {live: []runtime.Object{theirs}, want: "no controller in namespace checks"},
		"with a foreign namespace":              {live: []runtime.Object{theirs}, options: both, want: "no controller in namespace checks"},
		"with a namespace that does not exist":  {options: both, want: "controllers in: other"},
		"with a namespace that install created": {live: []runtime.Object{ours}, options: both, wantOut: "namespace/checks deleted"},
		"without --delete-namespace":            {live: []runtime.Object{ours}, options: uninstallOptions{deleteReports: true}, want: "no controller in namespace checks"},
		"with reports that were kept":           {live: []runtime.Object{theirs, claim}, options: uninstallOptions{deleteReports: true}, wantOut: "persistentvolumeclaim/batch-job-controller deleted"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			streams, _, out, _ := genericiooptions.NewTestIOStreams()
			c := &cluster.Cluster{
				Interface: fake.NewClientset(elsewhere),
				Objects:   objectsOf([]string{"Namespace", "ConfigMap", "PersistentVolumeClaim"}, test.live...),
			}
			test.options.timeout = time.Minute
			err := uninstallFrom(t.Context(), cli.NewTool("kubectl batchjob", streams), c, "checks", test.options)
			if !strings.Contains(out.String(), test.wantOut) {
				t.Errorf("%q is not in: %s", test.wantOut, out)
			}
			if test.want != "" {
				wantMisuse(t, err, test.want)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}
