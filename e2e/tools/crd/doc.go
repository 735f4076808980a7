// Command crd generates what belongs to the types of controller/api/v1alpha1: the methods
// that copy them, and the custom resource definitions in kustomize/crds. It is run by
//
//	make generate
//
// It is controller-gen as a library, with three differences: descriptions below
// spec.template are left out, so that the definitions fit into the annotation of a
// client-side `kubectl apply`; each definition has a revision, so that an older program does
// not replace a newer one; and the sums of all inputs and outputs are recorded, so that a
// unit test without the tool notices when they no longer belong together.
//
//	main.go       writes the files
//	generate.go   makes them, from the types
//	revision.go   which of two versions of a definition is newer
//	sums.go       the sums, in controller/api/v1alpha1/generated.sums
//
// Its tests have the libraries of the API server validate the definitions, and try each
// rule and default. A module of its own: the product needs none of these libraries.
package main
