// Package image writes container images from files of this machine, because the cluster has
// no registry to pull from.
package image
