// Command image assembles the controller's image from its binary, without a
// Docker daemon and without a base image. It is the image that the Dockerfile
// describes; the same binaries give the same image, byte for byte.
//
//	image -o dist/image.tar -tag localhost/batch-job-controller:dev -binary bin/batch-job-controller
//
// The archive is one that `docker load`, `kind load image-archive` and `ctr
// images import` take. With -format oci it may hold the image for several
// processors, and can be pushed to a registry under the digest that is printed.
package main
