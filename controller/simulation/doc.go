// Package simulation runs several replicas of the real controller against a simulated
// cluster, in virtual time, with many faults: requests fail before and after they have
// taken effect, watches lag and break, processes are killed at any write, suspended, or
// lose their power, nodes come and go, definitions come, change and go, users delete
// objects, pods take their grace period to end, and admission adds containers to them.
//
// The package has only tests. A seed determines all that happens, so that a failure can be
// replayed:
//
//	SIMULATION_SEED=42 go test -run TestSimulation ./controller/simulation
//
// The files, from the world to the rules:
//
//	scenario_test.go    what a seed determines in advance
//	definitions_test.go the definitions that a seed determines: NodeCronJobs, and their changes
//	chance_test.go      what it determines on the way
//	apiserver_test.go   the storage of the API server
//	clock_test.go       the clock of the bubble
//	client_test.go      requests of a replica, with latency and failures
//	watch_test.go       watches that lag and break
//	typed_test.go       the used part of kubernetes.Interface
//	deletion_test.go    requests that delete
//	resources_test.go   the custom resources
//	jobs_test.go        the Job controller
//	collector_test.go   the garbage collector
//	kubelet_test.go     the scheduler and the kubelets
//	report_test.go      the results that pods send
//	token_test.go       the callback key, the tokens, and pods that use them for other nodes
//	service_test.go     the callback Service, which changes its address
//	disk_test.go        the disk that all replicas share
//	process_test.go     processes, and the ways they end
//	replica_test.go     the parts of a replica: the only file that uses the controller's API
//	events_test.go      faults of nodes, and deletions by users
//	patches_test.go     changes of an Execution's spec and metadata that must not disturb it
//	steering_test.go    pauses and cancels of users, and what they may do
//	defined_test.go     what the definitions have been, and what they oblige to
//	maxpods_test.go     changes of maxPods, deletions of the state, and the shares
//	concurrency_test.go concurrencyPolicy and suspend, and what they may do
//	mirror_test.go      what people do to the NodeCronJob of the ConfigMap's definition
//	denial_test.go      denials by admission, and damaged records
//	oracle_test.go      what must always hold
//	record_test.go      the records that the oracle has seen, parsed by itself
//	slots_test.go       which Jobs hold a slot, and for how long; which pods may be on one node
//	persons_test.go     Executions that people create
//	reruns_test.go      Executions over some nodes, or those of another execution
//	verdict_test.go     what must hold at the end
//	world_test.go       one seed from its beginning to its end
//	simulation_test.go  the tests: many seeds, or one again
//	trace_test.go       the trace of a seed
//	share_test.go       many seeds on all processors
//
// A new invariant is a method of oracle in the file of its subject, called where the fact
// happens: by a write of a process, in oracle_test.go or record_test.go; when a pod starts, in
// kubelet_test.go; at the end, in judge (verdict_test.go). Failures name those that there are:
//
//	I1   a node task has at most one Job
//	I2   each Job belongs to an admitted task of an open execution, within its pool and maxPods
//	I3   an execution closes with the right outcome of each node, and a report that says so
//	I4   what was acknowledged is stored and exported; a pod has its token while it may report
//	I6   without faults, everything comes to its end
//	I7   each tick has its execution, or is skipped or rejected for a reason that holds
//	I8   a pod that runs may report
//	I9   at most one pod of a definition runs on a node
//	I10  a pod that has done its work counts as that
//	I11  the shares of maxPods add up to at most that
//	I12  concurrencyPolicy and suspend do what they say
//	I13  the NodeCronJob of the ConfigMap's definition is as that
//
// A new fault is a field of scenario (scenario_test.go), drawn from a source of its own so that
// older seeds stay as they were (see drawReloads), and its effect: on a request in
// world.obstacle (client_test.go; denial_test.go has those of admission), at a moment in
// events_test.go.
package simulation
