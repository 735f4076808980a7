//go:build e2e

package api

import (
	"slices"
	"strings"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/batch-job-controller/batch-job-controller/e2e/api/rig"
	"github.com/batch-job-controller/batch-job-controller/e2e/api/rig/requests"
)

// permission is a verb in a rule of a role.
type permission struct {
	requests.Request
	anywhere bool // of a ClusterRole
}

func (p permission) String() string {
	name := strings.Trim(p.Verb+" "+p.Resource+"."+p.Group, ".")
	if p.Name != "" {
		name += " " + p.Name
	}
	return name
}

// covers reports whether the permission allows a request.
func (p permission) covers(r requests.Request) bool {
	return p.Verb == r.Verb && p.Group == r.Group && p.Resource == r.Resource &&
		(p.anywhere || p.Namespace == r.Namespace) && (p.Name == "" || p.Name == r.Name)
}

// TestPermissionsAreThoseTheServerNeeds has a subtest for each verb that a role grants or the
// server uses. It fails for a verb that is not granted, and for a verb without which no
// request would be forbidden.
func TestPermissionsAreThoseTheServerNeeds(t *testing.T) {
	t.Parallel()
	var asked []requests.Request
	var granted []permission
	done := t.Run("the server does all that it ever does", func(t *testing.T) {
		e := newEverything(t)
		granted = permissions(e.Site, allComponents()...)
		defer func() { asked = e.Asked() }() // also if the server hangs
		e.do(t)
	})
	if len(asked) == 0 || len(granted) == 0 {
		t.Fatalf("%d requests and %d permissions: one of them was not recorded", len(asked), len(granted))
	}
	for name, requests := range missing(granted, asked) {
		t.Run(name, func(t *testing.T) { t.Errorf("the server uses it, and no role grants it: %+v", requests) })
	}
	for _, p := range granted {
		t.Run(p.String(), func(t *testing.T) {
			if done && !needed(p, granted, asked) {
				t.Error("it is granted, and the server does not need it")
			}
		})
	}
}

// missing returns the requests that were forbidden or are not granted, by the permission that
// they need.
func missing(granted []permission, asked []requests.Request) map[string][]requests.Request {
	lacking := map[string][]requests.Request{}
	for _, r := range asked {
		if r.Refused || !slices.ContainsFunc(granted, func(p permission) bool { return p.covers(r) }) {
			name := permission{Request: requests.Request{Verb: r.Verb, Group: r.Group, Resource: r.Resource}}.String()
			lacking[name] = append(lacking[name], r)
		}
	}
	return lacking
}

// needed reports whether a request would be forbidden without the permission.
func needed(p permission, granted []permission, asked []requests.Request) bool {
	return slices.ContainsFunc(asked, func(r requests.Request) bool {
		return p.covers(r) && !slices.ContainsFunc(granted, func(other permission) bool { return other != p && other.covers(r) })
	})
}

// permissions returns the permissions in the rules of the roles.
func permissions(site *rig.Site, components ...string) []permission {
	role, clusterRole := site.Roles(components...)
	var all []permission
	add := func(rule rbacv1.PolicyRule, anywhere bool) {
		names := rule.ResourceNames
		if len(names) == 0 {
			names = []string{""}
		}
		for _, group := range rule.APIGroups {
			for _, resource := range rule.Resources {
				for _, verb := range rule.Verbs {
					for _, name := range names {
						all = append(all, permission{anywhere: anywhere, Request: requests.Request{
							Verb: verb, Group: group, Resource: resource, Namespace: site.Namespace, Name: name,
						}})
					}
				}
			}
		}
	}
	for _, rule := range role.Rules {
		add(rule, false)
	}
	for _, rule := range clusterRole.Rules {
		add(rule, true)
	}
	return all
}
