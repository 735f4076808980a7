// The Lua engine of Argo CD, which tests the health checks of the documentation.
module github.com/batch-job-controller/batch-job-controller/e2e/tools/argocd

go 1.26.0

require (
	github.com/yuin/gopher-lua v1.1.2 // that of Argo CD 3.6
	sigs.k8s.io/yaml v1.6.0
)

require go.yaml.in/yaml/v2 v2.4.2 // indirect
