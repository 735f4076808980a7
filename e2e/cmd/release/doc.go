// Command release fills a directory with what a release consists of: archives of
// the programs, the image, manifests to install, a bill of materials, the
// manifest of the kubectl plugin for krew, and the checksums of all of it.
//
//	release -version v1.2.3 -o dist
//
// It depends on the commit, the version and the Go toolchain, and on nothing
// else: whoever builds the same again gets the same bytes. It builds what is
// committed, from a copy in which the version is the only tag: from there the Go
// command takes what the programs say that they are.
package main
