// Package plan holds every decision of the controller about ticks, nodes, node tasks
// and what pods may send. All functions are pure: they take the state and the
// time, and return an action with its reason. No client, no clock, no logger.
//
// When:
//
//	schedule.go, local.go   the ticks of a cron expression in a time zone
//	epoch.go                ... of a schedule that was changed
//	due.go                  which tick is due, and which were missed
//
// Where:
//
//	select.go               which nodes take part, and why the others do not
//	taints.go               ... by the meaning of their taints
//	placement.go            ... by what the pod template demands of a node
//
// What next for a node task:
//
//	next.go                 the next step: create, verify, stop, save logs, finish, wait
//	run.go                  what a Job and its pods show: Observe says whether and how it ended
//	containers.go, ends.go  ... which container failed, and why
//	settle.go               ... when only containers that others have added still run
//	times.go, grace.go      ... when it started, and how long it may take to end
//	foreign.go, mayrun.go,  ... whose Job and pods those are, and whether they may still run
//	occupied.go
//	rejection.go            what an error of the API server says about the object
//	prune.go                which executions, and which Jobs, are dropped
//
// What pods may send:
//
//	accept.go               whether a node task may report now
//	budget.go               how many results and events; budget_files.go: files and bytes
//	rate.go                 ... at which rate; reviews.go: how many tokens are reviewed
//	podtoken.go             whose pod a service account token speaks for
package plan
