// Command image assembles the controller's image from its binary, without a
// Docker daemon and without a base image. It is the image that the Dockerfile
// describes; the same binaries give the same image, byte for byte.
//
//	image -o dist/image.tar -tag localhost/batch-job-controller:dev -binary bin/batch-job-controller
//
// The archive is in the format of `docker load`, `kind load image-archive` and `ctr images
// import`. With -format oci it may have images for several architectures, and a registry
// stores it under the printed digest.
package main
