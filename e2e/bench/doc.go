// Package bench times an execution over many simulated nodes, against two
// others that do the same work on the same cluster: a bare loop that creates
// the same Jobs and keeps no books, which is the floor, and an Indexed Job of
// Kubernetes itself.
//
//	BENCH_NODES=500 BENCH_POOL=50 BENCH_POD=2s BENCH_ROUNDS=1 make bench
//
// Timings are never asserted: a summary tells which targets are met. The other
// lines are for benchstat. To compare with an older server, name its program:
//
//	E2E_SERVER=/tmp/old make bench >old.txt
//	make bench >new.txt
//	benchstat old.txt new.txt
package bench
