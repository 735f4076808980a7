package resources

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/cli"
	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
)

func TestExplain(t *testing.T) {
	group := schema.GroupResource{Group: v1alpha1.GroupName, Resource: v1alpha1.ExecutionResource}
	unserved := apierrors.NewGenericServerResponse(404, "get", schema.GroupResource{}, "", "404 page not found", 0, true)
	noPermission := apierrors.NewForbidden(group, "", errors.New(`User "jane" cannot list resource "executions"`))
	tests := map[string]struct {
		err         error
		of          Request
		want        string // its beginning
		wantStatus  int
		wantMissing bool
	}{
		"no such object":                  {err: apierrors.NewNotFound(group, "a"), of: Request{"get", Executions, "checks", "a"}, want: "get executions.batch-job-controller.io/a: ", wantMissing: true},
		"no such resource":                {err: unserved, of: Request{"get", Executions, "checks", "a"}, want: "the cluster does not know executions.batch-job-controller.io: "},
		"no permission in a namespace":    {err: noPermission, of: Request{Verb: "list", Resource: Executions, Namespace: "checks"}, want: "missing permission: verb list on resource executions.batch-job-controller.io in namespace checks (to check: kubectl auth can-i list executions.batch-job-controller.io -n checks): "},
		"no permission in all":            {err: noPermission, of: Request{Verb: "list", Resource: Executions}, want: "missing permission: verb list on resource executions.batch-job-controller.io in all namespaces (to check: kubectl auth can-i list executions.batch-job-controller.io -A): "},
		"no permission outside of them":   {err: noPermission, of: Request{Verb: "list", Resource: Nodes}, want: "missing permission: verb list on resource nodes (to check: kubectl auth can-i list nodes): "},
		"admission forbids it":            {err: apierrors.NewForbidden(group, "a", errors.New("a policy denies it")), of: Request{"patch", Executions, "checks", "a"}, want: "patch executions.batch-job-controller.io/a: executions"},
		"it has changed":                  {err: apierrors.NewConflict(group, "a", errors.New("modified")), of: Request{"patch", Executions, "checks", "a"}, want: "patch executions.batch-job-controller.io/a: ", wantStatus: cli.ExitConflict},
		"the credentials have expired":    {err: apierrors.NewUnauthorized("Unauthorized"), of: Request{Verb: "list", Resource: Nodes}, want: "list nodes: the API server does not accept the credentials of the kubeconfig: "},
		"there is no API server":          {err: errors.New("connection refused"), of: Request{Verb: "list", Resource: Nodes}, want: "list nodes: the cluster does not respond: connection refused"},
		"the user interrupts the command": {err: fmt.Errorf("list: %w", context.Canceled), of: Request{Verb: "list", Resource: Nodes}, want: "list: context canceled"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			err := Explain(test.err, test.of)
			if !strings.HasPrefix(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
			var status *cli.StatusError
			if got := errors.As(err, &status); got != (test.wantStatus != 0) || (got && status.Status != test.wantStatus) {
				t.Errorf("got %#v, want status %d", err, test.wantStatus)
			}
			if got := IsMissing(test.err); got != test.wantMissing {
				t.Errorf("missing: got %t, want %t", got, test.wantMissing)
			}
		})
	}
	if err := Explain(nil, Request{}); err != nil {
		t.Errorf("got %v of no error", err)
	}
}
