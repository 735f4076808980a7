package resources

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/cli"
	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
)

// Request is what a command asks of the API server.
type Request struct {
	Verb      string
	Resource  string // with its group, such as executions.batch-job-controller.io
	Namespace string // empty: all, or the resource has none
	Name      string // empty: not of one object
}

// The resources that the commands use.
const (
	Definitions = v1alpha1.NodeCronJobResource + "." + v1alpha1.GroupName
	Executions  = v1alpha1.ExecutionResource + "." + v1alpha1.GroupName
	ConfigMaps  = "configmaps"
	Nodes       = "nodes"
)

// Explain says what an error of the API server means for the user of a command, and
// gives it an exit status.
func Explain(err error, r Request) error {
	var status apierrors.APIStatus
	switch {
	case err == nil, errors.Is(err, context.Canceled):
		return err
	case !errors.As(err, &status):
		return fmt.Errorf("%s: the cluster does not respond: %w", r, err)
	case isUnknownResource(err):
		return fmt.Errorf("the cluster does not know %s: its custom resource definition is not installed", r.Resource)
	case isMissingPermission(err):
		return fmt.Errorf("missing permission: %s (to check: %s): %w", r.permission(), r.canI(), err)
	case apierrors.IsUnauthorized(err):
		return fmt.Errorf("%s: the API server does not accept the credentials of the kubeconfig: %w", r, err)
	case apierrors.IsConflict(err):
		return cli.Conflict(fmt.Errorf("%s: %w", r, err))
	default:
		return fmt.Errorf("%s: %w", r, err)
	}
}

// String is what was attempted, such as patch executions.batch-job-controller.io/a.
func (r Request) String() string {
	if r.Name == "" {
		return r.Verb + " " + r.Resource
	}
	return r.Verb + " " + r.Resource + "/" + r.Name
}

// permission is what RBAC has to grant.
func (r Request) permission() string {
	return "verb " + r.Verb + " on resource " + r.Resource + r.where(" in namespace ", " in all namespaces")
}

// where returns the namespace behind the text for one, or the text for all of them; nothing
// for a resource that has none.
func (r Request) where(one, all string) string {
	switch {
	case r.Namespace != "":
		return one + r.Namespace
	case r.Resource == Nodes:
		return ""
	default:
		return all
	}
}

// canI is the command of kubectl that tells whether RBAC grants it.
func (r Request) canI() string {
	return "kubectl auth can-i " + r.Verb + " " + r.Resource + r.where(" -n ", " -A")
}

// isMissingPermission tells a missing permission from what admission forbids, such as a
// quota. RBAC and other authorizers answer: User "x" cannot list resource "y".
func isMissingPermission(err error) bool {
	return apierrors.IsForbidden(err) && strings.Contains(err.Error(), " cannot ") && strings.Contains(err.Error(), " resource ")
}

// IsMissing reports whether an object does not exist, of a resource that the API server
// serves.
func IsMissing(err error) bool { return apierrors.IsNotFound(err) && !isUnknownResource(err) }

// isUnknownResource tells a resource that the API server does not serve from an object
// that does not exist.
func isUnknownResource(err error) bool {
	var status apierrors.APIStatus
	if !apierrors.IsNotFound(err) || !errors.As(err, &status) {
		return false
	}
	details := status.Status().Details
	return details == nil || slices.ContainsFunc(details.Causes, func(c metav1.StatusCause) bool {
		return c.Type == metav1.CauseTypeUnexpectedServerResponse
	})
}
