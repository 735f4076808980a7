// Package sweep removes what a cluster leaves behind once its processes are
// gone: a directory, and on cgroup v1 and v2 empty cgroups.
package sweep
