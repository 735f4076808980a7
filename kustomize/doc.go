// Package kustomize contains the overlays, one for each environment, the components
// that an overlay can list, their transformers, and the custom resource definitions, which
// are generated. Package manifests contains their base, and renders them.
//
// A new overlay or component is a directory. `make golden` writes its golden file for
// manifests/render_test.go. cmd/batchjob/install/selection.go and docs/install.md describe
// it, which tests check. An overlay is also listed in e2e/suite/overlays_test.go and
// e2e/cmd/release/release_test.go; one that adds permissions, as tls does, in
// manifests/rbac_test.go, and one with TLS in docs/tls.md. An object comes from one component only: look for it
// in the others first. A component that needs it includes its component, as ha includes
// persistence.
package kustomize
