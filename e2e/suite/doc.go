// Package suite tests the controller on a real cluster: it runs as a
// Deployment with its own ServiceAccount, and real pods report to it with curl.
//
//	go test -tags e2e ./e2e/suite
//
// Each test is a scenario with a namespace and a configuration of its own. All
// run at once, but for those that meddle with the nodes, which come first. Its
// subtests say, one each, what the controller promises:
//
//	TestTour           one rich execution: what pods get, hand in and leave behind
//	TestCron           the schedule, and how the history is kept
//	TestOverlap        a tick that comes too early
//	TestHandover       two replicas, of which the leader is told to end
//	TestRollout        two replicas, both of which are replaced
//	TestLeaderCutOff   two replicas, and a leader whose node is cut off
//	TestFaults         nodes and pods that fail, and those they must not hold up
//	TestMeddling       pods and Jobs that somebody evicts or deletes
//	TestContainers     containers that end in odd ways, and their logs
//	TestNodes          nodes that are cordoned, tainted and cut off under their pods
//	TestUnscheduled    cordoned nodes; callbacks by address and by name
//	TestExtension      a program of one's own around the controller
//	TestMisconfigured  a configuration that cannot work
//	TestSize           of the program and its image
//
// Where it runs is up to package provider. With E2E_KEEP=1 the namespaces of
// tests that failed stay.
package suite
