// Package suite tests the controller on a real cluster: the controller runs as a Deployment with
// its own ServiceAccount, and real pods report to it with curl.
//
//	go test -tags e2e ./e2e/suite
//
// Each test is a scenario with its own namespace and configuration. All tests run concurrently,
// except for those that change nodes, which run first. Each subtest tests one promise of the
// controller:
//
//	TestTour           one execution that uses every feature of the controller
//	TestCron           the schedule and the history
//	TestOverlap        a tick while an execution is open
//	TestMaxPodsOfUsers one cap over the executions of several definitions
//	TestHandover       two replicas, of which the leader is deleted
//	TestRollout        two replicas, both of which are replaced
//	TestLeaderCutOff   two replicas, and a leader whose node is disconnected
//	TestFaults         nodes and pods that fail, and others that they must not delay
//	TestMeddling       pods and Jobs that a user evicts or deletes
//	TestContainers     containers that end in unusual ways, and their logs
//	TestNodes          nodes that are cordoned, tainted or disconnected while their pods run
//	TestUnscheduled    cordoned nodes; callbacks by address and by name
//	TestExtension      a program that extends the controller
//	TestMisconfigured  a configuration that cannot work
//	TestSize           of the program and its image
//
// Package provider provides the cluster. With E2E_KEEP=1, the namespaces of failed tests are
// kept.
package suite
