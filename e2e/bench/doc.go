// Package bench times an execution over many simulated nodes, and compares it with two
// alternatives on the same cluster: a bare loop that creates the same Jobs and stores no
// state, which is the floor, and an Indexed Job of Kubernetes itself.
//
//	BENCH_NODES=500 BENCH_POOL=50 BENCH_POD=2s BENCH_ROUNDS=1 make bench
//
// BenchmarkOpen times how long an execution over many nodes takes from its creation to its
// first Job, with nodes of the size that kubelets write. It is no part of make bench:
//
//	BENCH_OPEN_NODES=15000 BENCH_OPEN_ROUNDS=3 make bench-open
//
// No test asserts timings: a summary shows which targets are met. The other lines are for
// benchstat. To compare with an older server, set E2E_SERVER to its binary:
//
//	E2E_SERVER=/tmp/old make bench >old.txt
//	make bench >new.txt
//	benchstat old.txt new.txt
package bench
