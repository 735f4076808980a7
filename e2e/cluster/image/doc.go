// Package image writes container images from files of this machine, with
// nothing but the standard library: there is no registry to pull from.
package image
