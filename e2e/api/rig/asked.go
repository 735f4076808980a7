package rig

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

const (
	auditPolicyFile = "audit-policy.json"
	auditLogFile    = "audit.log"
)

// auditPolicy makes the API server log the requests of service accounts. Only servers with the
// permissions of the manifests have one. Tests with many nodes use an administrator's
// credentials, without the cost of the audit.
const auditPolicy = `{
  "apiVersion": "audit.k8s.io/v1",
  "kind": "Policy",
  "omitStages": ["RequestReceived"],
  "rules": [
    {"level": "None", "userGroups": ["system:serviceaccounts:kube-system"]},
    {"level": "Metadata", "userGroups": ["system:serviceaccounts"]},
    {"level": "None"}
  ]
}`

// auditArgs writes the policy, and returns the arguments of the API server for it.
func auditArgs(dir string) ([]string, error) {
	policy := filepath.Join(dir, auditPolicyFile)
	if err := os.WriteFile(policy, []byte(auditPolicy), 0o644); err != nil {
		return nil, fmt.Errorf("write audit policy: %w", err)
	}
	return []string{"--audit-policy-file=" + policy, "--audit-log-path=" + filepath.Join(dir, auditLogFile)}, nil
}

// Request is a request to the API server, as its authorizer sees it.
type Request struct {
	Verb      string
	Group     string // of the API
	Resource  string // including the subresource: pods/log
	Namespace string
	Name      string // empty if the authorizer does not know it: for list, watch and create
	Refused   bool
}

// Asked returns the requests of the site's service account to the API server: each kind of
// request once, in order.
func (s *Site) Asked() []Request {
	s.tb.Helper()
	var asked []Request
	seen := map[Request]bool{}
	for _, request := range s.Requests() {
		if !seen[request] {
			seen[request] = true
			asked = append(asked, request)
		}
	}
	slices.SortFunc(asked, func(a, b Request) int {
		return cmp.Or(cmp.Compare(a.Resource, b.Resource), cmp.Compare(a.Verb, b.Verb), cmp.Compare(a.Name, b.Name))
	})
	return asked
}

// TimesAsked returns how many requests with a verb and a resource the site's service account has
// sent to the API server.
func (s *Site) TimesAsked(verb, resource string) int {
	s.tb.Helper()
	times := 0
	for _, request := range s.Requests() {
		if request.Verb == verb && request.Resource == resource {
			times++
		}
	}
	return times
}

// Requests returns all requests of the site's service account.
func (s *Site) Requests() []Request {
	s.tb.Helper()
	log, err := os.ReadFile(filepath.Join(s.dir, auditLogFile))
	if err != nil {
		s.tb.Fatal(err)
	}
	who := "system:serviceaccount:" + s.Namespace + ":" + accountName
	var all []Request
	for line := range bytes.Lines(log) {
		request, user, err := readAuditEvent(line)
		if err != nil {
			s.tb.Fatalf("%v in %s", err, line)
		}
		if user == who {
			all = append(all, request)
		}
	}
	return all
}

func readAuditEvent(line []byte) (r Request, user string, err error) {
	var event struct {
		Verb       string
		RequestURI string
		User       struct{ Username string }
		ObjectRef  *struct {
			Namespace, Name, Resource, Subresource string
			APIGroup                               string
		}
		Annotations map[string]string
	}
	if err := json.Unmarshal(line, &event); err != nil {
		return r, "", fmt.Errorf("audit event: %w", err)
	}
	r = Request{Verb: event.Verb, Resource: event.RequestURI, Refused: event.Annotations["authorization.k8s.io/decision"] != "allow"}
	if o := event.ObjectRef; o != nil {
		r.Group, r.Resource, r.Namespace, r.Name = o.APIGroup, o.Resource, o.Namespace, o.Name
		if o.Subresource != "" {
			r.Resource += "/" + o.Subresource
		}
	}
	if r.Verb == "create" { // the audit knows the body, the authorizer does not
		r.Name = ""
	}
	return r, event.User.Username, nil
}
