// Package follow applies a changed ConfigMap as the next configuration, and announces what has
// become of the change.
//
// It knows the ConfigMap, what was validated last, and whether this replica leads. It does not
// know what makes a configuration valid (its Validate does), nor what becomes of the definition
// in it (package mirror).
//
//	follow.go  validates a changed ConfigMap, and applies or refuses it
package follow
