package requests

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
	policyFile = "audit-policy.json"
	logFile    = "audit.log"
)

// policy makes the API server log the requests of service accounts. Only servers with the
// permissions of the manifests have one. Tests with many nodes use an administrator's
// credentials, without the cost of the audit.
const policy = `{
  "apiVersion": "audit.k8s.io/v1",
  "kind": "Policy",
  "omitStages": ["RequestReceived"],
  "rules": [
    {"level": "None", "userGroups": ["system:serviceaccounts:kube-system"]},
    {"level": "Metadata", "userGroups": ["system:serviceaccounts"]},
    {"level": "None"}
  ]
}`

// Args writes the policy into the directory, and returns the arguments of the API server for it.
func Args(dir string) ([]string, error) {
	file := filepath.Join(dir, policyFile)
	if err := os.WriteFile(file, []byte(policy), 0o644); err != nil {
		return nil, fmt.Errorf("write audit policy: %w", err)
	}
	return []string{"--audit-policy-file=" + file, "--audit-log-path=" + filepath.Join(dir, logFile)}, nil
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

// Of returns all requests of a service account, in order.
func Of(dir, namespace, account string) ([]Request, error) {
	log, err := os.ReadFile(filepath.Join(dir, logFile))
	if err != nil {
		return nil, fmt.Errorf("read the API server's log of requests: %w", err)
	}
	who := "system:serviceaccount:" + namespace + ":" + account
	var all []Request
	for line := range bytes.Lines(log) {
		request, user, err := read(line)
		if err != nil {
			return nil, fmt.Errorf("%w in %s", err, line)
		}
		if user == who {
			all = append(all, request)
		}
	}
	return all, nil
}

// Kinds returns each kind of request once, sorted.
func Kinds(all []Request) []Request {
	var kinds []Request
	seen := map[Request]bool{}
	for _, request := range all {
		if !seen[request] {
			seen[request] = true
			kinds = append(kinds, request)
		}
	}
	slices.SortFunc(kinds, func(a, b Request) int {
		return cmp.Or(cmp.Compare(a.Resource, b.Resource), cmp.Compare(a.Verb, b.Verb), cmp.Compare(a.Name, b.Name))
	})
	return kinds
}

func read(line []byte) (r Request, user string, err error) {
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
