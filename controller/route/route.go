package route

import (
	"fmt"
	"net"
	"net/url"
	"regexp"
	"strconv"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// Kind is the kind of a callback.
type Kind string

// The kinds of callback. Another one also needs an endpoint (package callback), limits
// (execution.Limits), a variable (package jobspec) and a label of the metrics.
const (
	Result Kind = "result"
	File   Kind = "file"
	Event  Kind = "event"
)

// The names of the path's parameters.
const (
	NodeParam      = "node"
	ExecutionParam = "executionID"
)

// Pattern returns the router's pattern of a callback.
func Pattern(kind Kind) string {
	return "/report/:" + NodeParam + "/:" + ExecutionParam + "/" + string(kind)
}

// Path returns the path of a callback.
func Path(kind Kind, key execution.Key) string {
	return "/report/" + url.PathEscape(key.Node) + "/" + url.PathEscape(string(key.Execution)) + "/" + string(kind)
}

// URL returns the URL of a callback. host is a name or an IP address. prefix is empty, or
// a TokenPath.
func URL(host string, port int, prefix string, kind Kind, key execution.Key) string {
	return "http://" + net.JoinHostPort(host, strconv.Itoa(port)) + prefix + Path(kind, key)
}

// A node's name is a DNS-1123 subdomain.
var nodeName = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`)

const maxNodeName = 253

// ParseKey checks the parameters of a path.
func ParseKey(node, id string) (execution.Key, error) {
	if len(node) > maxNodeName || !nodeName.MatchString(node) {
		return execution.Key{}, fmt.Errorf("node %.64q: must be the name of a node", node)
	}
	parsed, err := execution.ParseID(id)
	if err != nil {
		return execution.Key{}, err
	}
	return execution.Key{Execution: parsed, Node: node}, nil
}
