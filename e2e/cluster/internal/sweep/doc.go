// Package sweep removes the remains of a cluster after its processes have ended: a directory,
// and empty cgroups of v1 and v2.
package sweep
