//go:build e2e

package api

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"

	"github.com/batch-job-controller/batch-job-controller/controller/api/client"
	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/manifests"
)

// What users may do: verbs, as a rule of a role names them.
const (
	mayRead  = "get list watch "
	mayWrite = "create update patch delete deletecollection "
	mayRun   = "create update patch "
)

// TestUsersMayDoWhatTheirRolesPermit tries each verb on both kinds, as users who have one of
// the ClusterRoles in a namespace: those of Kubernetes, to which the manifests add, and the
// one for users who may run what exists.
func TestUsersMayDoWhatTheirRolesPermit(t *testing.T) {
	t.Parallel()
	namespace := newNamespace(t)
	createUserRoles(t, namespace)
	tests := map[string]struct {
		role                    string // empty: none
		definitions, executions string
	}{
		"view":  {"view", mayRead, mayRead},
		"edit":  {"edit", mayRead + mayWrite, mayRead + mayWrite},
		"admin": {"admin", mayRead + mayWrite, mayRead + mayWrite},
		"run":   {"batch-job-controller-run:" + namespace, mayRead, mayRead + mayRun},
		"none":  {},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			user := newUser(t, namespace, name, tt.role)
			definitions, executions := definitionAttempts(), executionAttempts()
			// A role takes effect after a while, so what it permits comes first.
			definitions.permitted(t, user, strings.Fields(tt.definitions))
			executions.permitted(t, user, strings.Fields(tt.executions))
			definitions.forbidden(t, user, strings.Fields(tt.definitions))
			executions.forbidden(t, user, strings.Fields(tt.executions))
		})
	}
}

// createUserRoles creates the ClusterRoles for users of an installation.
func createUserRoles(t *testing.T, namespace string) {
	t.Helper()
	rendered, err := manifests.Render(manifests.Options{Namespace: namespace})
	if err != nil {
		t.Fatal(err)
	}
	roles, created := shared.Client.RbacV1().ClusterRoles(), 0
	for _, object := range documents(t, rendered) {
		if object.GetKind() != "ClusterRole" || object.GetLabels()["app.kubernetes.io/component"] != "user-role" {
			continue
		}
		role := &rbacv1.ClusterRole{}
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, role); err != nil {
			t.Fatal(err)
		}
		if _, err := roles.Create(t.Context(), role, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
		created++
		t.Cleanup(func() {
			if err := roles.Delete(context.WithoutCancel(t.Context()), role.Name, metav1.DeleteOptions{}); err != nil {
				t.Error(err)
			}
		})
	}
	if created == 0 {
		t.Fatal("the manifests have no ClusterRole for users")
	}
}

// user is a client of a user, and one of the administrator who creates what the user tries
// to change.
type user struct {
	name, namespace string
	own, admin      *client.Client
}

// newUser returns a user to whom a ClusterRole is bound in a namespace.
func newUser(t *testing.T, namespace, name, role string) user {
	t.Helper()
	u := user{name: name, namespace: namespace}
	identity := namespace + ":" + name
	if role != "" {
		_, err := shared.Client.RbacV1().RoleBindings(namespace).Create(t.Context(), &rbacv1.RoleBinding{
			ObjectMeta: metav1.ObjectMeta{Name: name},
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role},
			Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: identity}},
		}, metav1.CreateOptions{})
		if err != nil {
			t.Fatal(err)
		}
	}
	config := rest.CopyConfig(shared.REST)
	config.Impersonate = rest.ImpersonationConfig{UserName: identity}
	var errOwn, errAdmin error
	u.own, errOwn = client.New(config)
	u.admin, errAdmin = client.New(shared.REST)
	if err := cmp.Or(errOwn, errAdmin); err != nil {
		t.Fatal(err)
	}
	return u
}

// attempts are what users try on the objects of one kind.
type attempts[T, L runtime.Object] struct {
	kind   string
	of     func(c *client.Client, namespace string) client.Resource[T, L]
	object func(name string) T
	change func(T)
	patch  string // of the same change
}

func definitionAttempts() attempts[*v1alpha1.NodeCronJob, *v1alpha1.NodeCronJobList] {
	return attempts[*v1alpha1.NodeCronJob, *v1alpha1.NodeCronJobList]{
		kind: v1alpha1.NodeCronJobResource,
		of: func(c *client.Client, namespace string) client.Resource[*v1alpha1.NodeCronJob, *v1alpha1.NodeCronJobList] {
			return c.NodeCronJobs(namespace)
		},
		object: func(name string) *v1alpha1.NodeCronJob {
			return &v1alpha1.NodeCronJob{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: v1alpha1.NodeCronJobSpec{
				CronExpression: "42 3 * * *", Metrics: v1alpha1.Metrics{Prefix: "check"}, PodTemplate: "kind: Pod",
			}}
		},
		change: func(n *v1alpha1.NodeCronJob) { n.Spec.Suspend = true },
		patch:  `{"spec": {"suspend": true}}`,
	}
}

func executionAttempts() attempts[*v1alpha1.Execution, *v1alpha1.ExecutionList] {
	return attempts[*v1alpha1.Execution, *v1alpha1.ExecutionList]{
		kind: v1alpha1.ExecutionResource,
		of: func(c *client.Client, namespace string) client.Resource[*v1alpha1.Execution, *v1alpha1.ExecutionList] {
			return c.Executions(namespace)
		},
		object: func(name string) *v1alpha1.Execution {
			return &v1alpha1.Execution{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: v1alpha1.ExecutionSpec{NodeCronJobName: "check"}}
		},
		change: func(e *v1alpha1.Execution) { e.Spec.Paused = true },
		patch:  `{"spec": {"cancel": "Drain"}}`,
	}
}

// verbs returns what is tried: what a role can permit, and what none does.
func (a attempts[T, L]) verbs() []string {
	return append(strings.Fields(mayRead+mayWrite), "update status", "patch status", "list elsewhere")
}

func (a attempts[T, L]) permitted(t *testing.T, u user, verbs []string) {
	t.Helper()
	for _, verb := range verbs {
		object := a.existing(t, u, verb)
		var err error
		eventually(t, fmt.Sprintf("user %s may %s %s", u.name, verb, a.kind), func() bool {
			err = a.try(t.Context(), u, verb, object)
			return !apierrors.IsForbidden(err)
		})
		if err != nil {
			t.Errorf("user %s: %s %s: %v", u.name, verb, a.kind, err)
		}
	}
}

func (a attempts[T, L]) forbidden(t *testing.T, u user, permitted []string) {
	t.Helper()
	for _, verb := range a.verbs() {
		if slices.Contains(permitted, verb) {
			continue
		}
		if err := a.try(t.Context(), u, verb, a.existing(t, u, verb)); !apierrors.IsForbidden(err) {
			t.Errorf("user %s: %s %s: got %v, want it to be forbidden", u.name, verb, a.kind, err)
		}
	}
}

// existing creates the object that a user tries to read or to change.
func (a attempts[T, L]) existing(t *testing.T, u user, verb string) T {
	t.Helper()
	name := u.name + "-" + strings.ReplaceAll(verb, " ", "-")
	created, err := a.of(u.admin, u.namespace).Create(t.Context(), a.object(name), metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return created
}

func (a attempts[T, L]) try(ctx context.Context, u user, verb string, object T) error {
	as := a.of(u.own, u.namespace)
	accessor, err := meta.Accessor(object)
	if err != nil {
		return err
	}
	name := accessor.GetName()
	switch verb {
	case "get":
		_, err = as.Get(ctx, name, metav1.GetOptions{})
	case "list":
		_, err = as.List(ctx, metav1.ListOptions{})
	case "list elsewhere":
		_, err = a.of(u.own, metav1.NamespaceDefault).List(ctx, metav1.ListOptions{})
	case "watch":
		w, watchErr := as.Watch(ctx, metav1.ListOptions{})
		if watchErr == nil {
			w.Stop()
		}
		err = watchErr
	case "create":
		_, err = as.Create(ctx, a.object(name+"-own"), metav1.CreateOptions{})
	case "update":
		a.change(object)
		_, err = as.Update(ctx, object, metav1.UpdateOptions{})
	case "patch":
		_, err = as.Patch(ctx, name, types.MergePatchType, []byte(a.patch), metav1.PatchOptions{})
	case "update status":
		_, err = as.UpdateStatus(ctx, object, metav1.UpdateOptions{})
	case "patch status":
		_, err = as.Patch(ctx, name, types.MergePatchType, []byte(`{"status": {}}`), metav1.PatchOptions{}, "status")
	case "delete":
		err = as.Delete(ctx, name, metav1.DeleteOptions{})
	case "deletecollection":
		err = as.DeleteCollection(ctx, metav1.DeleteOptions{}, metav1.ListOptions{FieldSelector: "metadata.name=" + name})
	default:
		return fmt.Errorf("no attempt at %s", verb)
	}
	return err
}
