// Command image assembles the controller's image from its binary, without a
// Docker daemon and without a registry. It is the image that the Dockerfile
// describes; the same binary gives the same image, byte for byte.
//
//	image -o dist/image.tar -tag localhost/batch-job-controller:dev -binary bin/batch-job-controller
//
// The archive is one that `docker load`, `kind load image-archive` and `ctr
// images import` take.
package main
