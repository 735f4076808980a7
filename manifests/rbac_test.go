package manifests

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/batch-job-controller/batch-job-controller/controller/auth"
	"github.com/batch-job-controller/batch-job-controller/kustomize"
)

// All permissions of the controller.
func TestPermissions(t *testing.T) {
	wantRole := []rbacv1.PolicyRule{
		{APIGroups: []string{"batch-job-controller.io"}, Resources: []string{"executions"}, Verbs: []string{"get", "list", "watch", "create", "update", "delete"}},
		{APIGroups: []string{"batch-job-controller.io"}, Resources: []string{"executions/status"}, Verbs: []string{"update"}},
		{APIGroups: []string{"batch-job-controller.io"}, Resources: []string{"nodecronjobs"}, Verbs: []string{"get", "list", "watch", "create", "update", "delete"}},
		{APIGroups: []string{"batch-job-controller.io"}, Resources: []string{"nodecronjobs/status"}, Verbs: []string{"update"}},
		{APIGroups: []string{""}, Resources: []string{"configmaps"}, Verbs: []string{"get", "list", "watch", "create", "update", "deletecollection"}},
		{APIGroups: []string{""}, Resources: []string{"secrets"}, Verbs: []string{"create", "deletecollection"}},
		{APIGroups: []string{""}, Resources: []string{"secrets"}, ResourceNames: []string{"batch-job-controller-callback-key"}, Verbs: []string{"get", "list", "watch"}},
		{APIGroups: []string{""}, Resources: []string{"services"}, Verbs: []string{"get"}},
		{APIGroups: []string{"batch"}, Resources: []string{"jobs"}, Verbs: []string{"get", "list", "watch", "create", "patch", "delete"}},
		{APIGroups: []string{""}, Resources: []string{"pods"}, Verbs: []string{"get", "list", "watch"}},
		{APIGroups: []string{""}, Resources: []string{"pods/log"}, Verbs: []string{"get"}},
		{APIGroups: []string{"events.k8s.io"}, Resources: []string{"events"}, Verbs: []string{"get", "create", "patch"}},
		{APIGroups: []string{"coordination.k8s.io"}, Resources: []string{"leases"}, Verbs: []string{"get", "create", "update"}},
	}
	wantClusterRole := []rbacv1.PolicyRule{
		{APIGroups: []string{""}, Resources: []string{"nodes"}, Verbs: []string{"list", "watch"}},
	}
	// The permissions that a component adds.
	moreRole := map[string][]rbacv1.PolicyRule{
		"tls": {
			{APIGroups: []string{""}, Resources: []string{"secrets"}, ResourceNames: []string{"batch-job-controller-ca"}, Verbs: []string{"get", "update"}},
			{APIGroups: []string{""}, Resources: []string{"secrets"}, ResourceNames: []string{"batch-job-controller-tls"}, Verbs: []string{"get"}},
		},
	}
	moreRole["staging"], moreRole["production"] = moreRole["tls"], moreRole["tls"]
	moreClusterRole := map[string][]rbacv1.PolicyRule{
		"report-auth": {
			{APIGroups: []string{"authentication.k8s.io"}, Resources: []string{"tokenreviews"}, Verbs: []string{"create"}},
			{APIGroups: []string{"authorization.k8s.io"}, Resources: []string{"subjectaccessreviews"}, Verbs: []string{"create"}},
		},
	}
	forEachInstallation(t, func(t *testing.T, objects []runtime.Object) {
		wantRole := slices.Concat(wantRole, moreRole[path.Base(t.Name())])
		if diff := cmp.Diff(wantRole, only[*rbacv1.Role](t, objects).Rules); diff != "" {
			t.Errorf("rules of the Role (-want +got):\n%s", diff)
		}
		wantClusterRole := slices.Concat(wantClusterRole, moreClusterRole[path.Base(t.Name())])
		bound := only[*rbacv1.ClusterRoleBinding](t, objects).RoleRef.Name
		if diff := cmp.Diff(wantClusterRole, named[*rbacv1.ClusterRole](t, objects, bound).Rules); diff != "" {
			t.Errorf("rules of the ClusterRole (-want +got):\n%s", diff)
		}
	})
}

// Without a comment, a reader cannot decide whether a verb is still needed.
func TestEveryVerbSaysWhatItIsFor(t *testing.T) {
	verbs := 0
	for _, files := range []fs.FS{base, kustomize.Files()} {
		err := fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			text, err := fs.ReadFile(files, name)
			if err != nil {
				return err
			}
			for documents := yaml.NewDecoder(bytes.NewReader(text)); ; {
				var document yaml.Node
				err := documents.Decode(&document)
				if errors.Is(err, io.EOF) {
					return nil
				}
				if err != nil {
					return fmt.Errorf("%s: %w", name, err)
				}
				for _, verb := range verbsIn(&document) {
					verbs++
					if verb.LineComment == "" {
						t.Errorf("%s:%d: %s has no comment on its line that says what it is for", name, verb.Line, verb.Value)
					}
				}
			}
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if verbs == 0 {
		t.Error("there are no verbs")
	}
}

// verbsIn returns the items of all lists that are called verbs.
func verbsIn(node *yaml.Node) []*yaml.Node {
	var found []*yaml.Node
	for i, child := range node.Content {
		if node.Kind == yaml.MappingNode && i%2 == 1 && node.Content[i-1].Value == "verbs" {
			found = append(found, child.Content...)
		}
		found = append(found, verbsIn(child)...)
	}
	return found
}

// The role of readers grants the path and the verb that the controller reviews.
func TestReportReaders(t *testing.T) {
	want := []rbacv1.PolicyRule{{NonResourceURLs: []string{auth.ReportsPath}, Verbs: []string{"get"}}}
	readers := 0
	for _, role := range all[*rbacv1.ClusterRole](decode(t, renderOnTop(t, BaseDir, "any", "report-auth"))) {
		if !strings.Contains(role.Name, "report-reader") {
			continue
		}
		readers++
		if diff := cmp.Diff(want, role.Rules); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	}
	if readers != 1 {
		t.Errorf("%d roles, want 1", readers)
	}
}
