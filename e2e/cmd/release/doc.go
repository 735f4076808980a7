// Command release writes the files of a release to a directory: archives of the programs,
// the image, manifests for installation, a bill of materials, the manifest of the kubectl
// plugin for krew, and the checksums of all files.
//
//	release -version v1.2.3 -o dist
//
// The files depend only on the commit, the version and the Go toolchain: another build of
// the same commit has the same bytes. The command builds the committed sources from a clone
// whose only tag is the version, because the Go command takes the version of the programs
// from the tag.
package main
