// Package execution is the project's vocabulary and its state: what an
// execution is, which node tasks it has, how far each has come. It holds no
// client, no clock and no goroutine, and imports nothing but the standard
// library: every other package may import it.
//
// An execution is one firing of the schedule. Its Plan is written down once
// and never changes; its Account, which tells the admitted, the created and
// the finished node tasks, grows by compare-and-swap. Both together are the
// execution record, from which any replica can go on at any moment. A Ledger
// is the record plus what the leader has observed since: a cache that may be
// dropped at any instruction.
package execution
