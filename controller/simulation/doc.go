// Package simulation runs several replicas of the real controller against a
// cluster that is played, in virtual time, and everything that can go wrong
// goes wrong: requests fail before and after they took effect, watches lag and
// break, processes are killed at any write, stopped for a while, or lose their
// disk's power, nodes come and go, users delete things, pods take
// their grace period to end, and admission adds containers to them.
//
// There is nothing in it but tests. Whatever happens is drawn from a seed, so
// that a failure can be looked at again:
//
//	SIMULATION_SEED=42 go test -run TestSimulation ./controller/simulation
//
// The files, from the world to the rules:
//
//	scenario_test.go   what is drawn once for a seed
//	chance_test.go     what is drawn on the way
//	apiserver_test.go  the API server's memory
//	clock_test.go      the clock of the bubble
//	client_test.go     what a replica sees of it, with latency and failures
//	watch_test.go      watches that lag and break
//	typed_test.go      the part of kubernetes.Interface that is used
//	jobs_test.go       the Job controller and the garbage collector
//	kubelet_test.go    the scheduler and the kubelets
//	report_test.go     what the pods hand in
//	token_test.go      the callback key, the tokens and who tries those of others
//	disk_test.go       the disk that all replicas share
//	process_test.go    processes, and the ways they end
//	replica_test.go    what a replica is made of: the only file to know its API
//	events_test.go     what happens to nodes, and what users do
//	denial_test.go     what admission refuses, and records that somebody damages
//	oracle_test.go     what must always hold
//	slots_test.go      what holds a slot, and for how long
//	verdict_test.go    what must hold at the end
//	world_test.go      one seed from its begin to its end
//	trace_test.go      what is shown of it
//	share_test.go      many seeds on all processors
package simulation
