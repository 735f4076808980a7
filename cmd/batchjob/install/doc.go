// Package install installs a controller without a checkout, and uninstalls it.
//
// It knows the overlays, what their objects need, and what is to be said before and
// after they are applied. It does not know how objects are applied and deleted, which
// package objects does, nor how an execution is followed, which package watch does.
//
//	commands.go      the commands of this package, and what they have in common
//	selection.go     the flags that select what to install
//	rendered.go      the objects of a selection, validated
//	requirements.go  whether the objects satisfy the configuration
//	podsecurity.go   whether the namespace allows the job pods
//	render.go        the command render: prints the objects
//	diff.go          the command diff: what install would change
//	install.go       the command install: applies them, and waits
//	rollout.go       waiting until the controller is ready, or the end of its log
//	installed.go     what install has changed, and which execution comes next
//	uninstall.go     the command uninstall: deletes all of it, except for reports
package install
