package report

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"strings"
)

const (
	resultSuffix = ".json"
	logInfix     = "-container-"
	logSuffix    = ".log"

	maxComponent = 255 // bytes of one name, of the file systems in use
	maxNodeName  = 253
	hashLength   = 12
	// cut stands between what is left of a name and the hash of the whole. Node
	// names do not have it, and in names of files no other hash follows it.
	cut = "~"
)

var nodeName = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`)

// isNodeName reports whether s can be the name of a node.
func isNodeName(s string) bool { return len(s) <= maxNodeName && nodeName.MatchString(s) }

// component returns node+suffix if a file can have that name. A node's name
// may have 253 bytes, and then it cannot: the node's part is cut so that all
// of it has 255 bytes, and ends in a tilde and a hash of the node's whole name.
// The same node and suffix always make the same name, and no other ones do.
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

// resultName is where the node's result is. A node that is called like the
// report of the execution has to step aside.
func resultName(node string) string {
	if node+resultSuffix == reportName {
		return node + cut + hash(node) + resultSuffix
	}
	return component(node, resultSuffix)
}

func fileName(node, name string) string { return component(node, "-"+name) }

func logName(node, container string) string {
	return component(node, logInfix+container+logSuffix)
}

// isTaken reports whether a file of node must not be stored under a name: it
// may be another node's too, or it may be a log. Whose a name is goes by the
// longest node name that it begins with.
func isTaken(stored, node string, nodes []string) bool {
	if !strings.HasPrefix(stored, node+"-") {
		return isLog(stored[strings.Index(stored, cut)+1+hashLength:]) // cut: nobody else has such a name
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
