package report

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"strings"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

const (
	resultSuffix = ".json"
	logInfix     = "-container-"
	logSuffix    = ".log"

	maxComponent = 255 // bytes of a name in common file systems
	maxNodeName  = 253
	hashLength   = 12
	// cut separates the beginning of a cut name from the hash of the whole name. Node
	// names do not contain it, and in file names no other hash follows it.
	cut = "~"
)

var nodeName = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`)

// isNodeName reports whether s can be the name of a node.
func isNodeName(s string) bool { return len(s) <= maxNodeName && nodeName.MatchString(s) }

// checkID prevents the use of an invalid ID as a path.
func checkID(id execution.ID) error {
	_, err := execution.ParseID(string(id))
	return err
}

// component returns node+suffix, if that is not too long for a file name. Otherwise
// the node's part is cut so that the name has 255 bytes; it ends with a tilde and a
// hash of the node's whole name. The name is unique to the node and suffix.
func component(node, suffix string) string {
	if len(node)+len(suffix) <= maxComponent {
		return node + suffix
	}
	mark := cut + hash(node)
	return node[:maxComponent-len(mark)-len(suffix)] + mark + suffix
}

func hash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])[:hashLength]
}

// resultName is the file of the node's result. It differs from that of the execution's
// report, whatever the node's name.
func resultName(node string) string {
	if node+resultSuffix == reportName {
		return node + cut + hash(node) + resultSuffix
	}
	return component(node, resultSuffix)
}

func fileName(node, name string) string { return component(node, "-"+name) }

// logName is the file of a container's log. isLog recognizes it, so that no upload takes
// the name.
func logName(node, container string) string {
	return component(node, logInfix+container+logSuffix)
}

// isTaken reports whether a file of node must not be stored under a name: the name may
// belong to another node, or to a log. A name belongs to the node with the longest
// name that is its prefix.
func isTaken(stored, node string, nodes []string) bool {
	if !strings.HasPrefix(stored, node+"-") {
		return isLog(stored[strings.Index(stored, cut)+1+hashLength:]) // cut: no other node has such a name
	}
	if isLog(stored[len(node):]) {
		return true
	}
	for _, other := range nodes {
		rest, ok := strings.CutPrefix(stored, other)
		if ok && other != node && (isLog(rest) || (len(other) > len(node) && isOwned(rest))) {
			return true
		}
	}
	return false
}

// isOwned reports whether a node's name followed by rest is one of its names.
func isOwned(rest string) bool { return rest == resultSuffix || strings.HasPrefix(rest, "-") }

func isLog(rest string) bool {
	return strings.HasPrefix(rest, logInfix) && strings.HasSuffix(rest, logSuffix)
}
