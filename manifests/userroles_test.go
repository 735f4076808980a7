package manifests

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
)

// userRoleLabel is the label by which an overlay leaves the roles out.
const userRoleLabel, userRole = "app.kubernetes.io/component", "user-role"

// aggregatesTo is the beginning of the labels of roles that add to others.
const aggregatesTo = rbacv1.GroupName + "/aggregate-to-"

// What users may do, by role.
func TestPermissionsOfUsers(t *testing.T) {
	rule := func(verbs string, resources ...string) rbacv1.PolicyRule {
		return rbacv1.PolicyRule{APIGroups: []string{v1alpha1.GroupName}, Resources: resources, Verbs: strings.Fields(verbs)}
	}
	const definitions, executions = v1alpha1.NodeCronJobResource, v1alpha1.ExecutionResource
	type role struct {
		AddsTo []string
		Rules  []rbacv1.PolicyRule
	}
	want := map[string]role{
		"batch-job-controller-view": {
			AddsTo: []string{"admin", "edit", "view"},
			Rules:  []rbacv1.PolicyRule{rule("get list watch", definitions, executions)},
		},
		"batch-job-controller-edit": {
			AddsTo: []string{"admin", "edit"},
			Rules:  []rbacv1.PolicyRule{rule("create update patch delete deletecollection", definitions, executions)},
		},
		"batch-job-controller-run": {
			Rules: []rbacv1.PolicyRule{rule("get list watch", definitions), rule("get list watch create update patch", executions)},
		},
	}
	forEachInstallation(t, func(t *testing.T, objects []runtime.Object) {
		got := map[string]role{}
		bound := only[*rbacv1.ClusterRoleBinding](t, objects).RoleRef.Name
		for _, r := range all[*rbacv1.ClusterRole](objects) {
			if r.Labels[userRoleLabel] != userRole {
				continue
			}
			if r.Name == bound {
				t.Errorf("the controller has the permissions of users, %s", r.Name)
			}
			name, _, _ := strings.Cut(r.Name, ":")
			var addsTo []string
			for label := range r.Labels {
				if to, ok := strings.CutPrefix(label, aggregatesTo); ok {
					addsTo = append(addsTo, to)
				}
			}
			slices.Sort(addsTo)
			got[name] = role{AddsTo: addsTo, Rules: r.Rules}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	})
}

// A role that is not for users adds to none of Kubernetes.
func TestOnlyRolesOfUsersAddToOthers(t *testing.T) {
	forEachInstallation(t, func(t *testing.T, objects []runtime.Object) {
		for _, r := range all[*rbacv1.ClusterRole](objects) {
			for label := range r.Labels {
				if strings.HasPrefix(label, aggregatesTo) && r.Labels[userRoleLabel] != userRole {
					t.Errorf("%s has the label %s", r.Name, label)
				}
			}
		}
	})
}
