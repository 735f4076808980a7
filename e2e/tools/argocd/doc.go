// Package argocd tests the health checks for Argo CD in docs/nodecronjobs.md, with the Lua
// engine and the few libraries that Argo CD gives them. A module of its own: nothing else
// needs the engine.
package argocd
