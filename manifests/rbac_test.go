package manifests

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// What the controller may do, and nothing else.
func TestPermissions(t *testing.T) {
	wantRole := []rbacv1.PolicyRule{
		{APIGroups: []string{""}, Resources: []string{"configmaps"}, Verbs: []string{"get", "list", "create", "update", "delete"}},
		{APIGroups: []string{""}, Resources: []string{"services"}, Verbs: []string{"get"}},
		{APIGroups: []string{"batch"}, Resources: []string{"jobs"}, Verbs: []string{"get", "list", "watch", "create", "patch", "delete"}},
		{APIGroups: []string{""}, Resources: []string{"pods"}, Verbs: []string{"get", "list", "watch"}},
		{APIGroups: []string{""}, Resources: []string{"pods/log"}, Verbs: []string{"get"}},
		{APIGroups: []string{""}, Resources: []string{"events"}, Verbs: []string{"get", "create", "patch"}},
		{APIGroups: []string{"coordination.k8s.io"}, Resources: []string{"leases"}, Verbs: []string{"get", "create", "update"}},
	}
	wantClusterRole := []rbacv1.PolicyRule{
		{APIGroups: []string{""}, Resources: []string{"nodes"}, Verbs: []string{"get", "list", "watch"}},
	}
	forEachInstallation(t, func(t *testing.T, objects []runtime.Object) {
		if diff := cmp.Diff(wantRole, only[*rbacv1.Role](t, objects).Rules); diff != "" {
			t.Errorf("rules of the Role (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(wantClusterRole, only[*rbacv1.ClusterRole](t, objects).Rules); diff != "" {
			t.Errorf("rules of the ClusterRole (-want +got):\n%s", diff)
		}
	})
}
