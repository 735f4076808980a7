// Package controller is the machine: the only code that touches the cluster.
//
// The way of one execution, from the tick to the report:
//
//	ticks.go      a tick is due                       plan.Due
//	open.go       select the nodes, write the record  plan.SelectNodes
//	admit.go      give free slots to waiting tasks:   Ledger.Draft
//	              one compare-and-swap of the record
//	work.go       one node task's turn:               plan.Next
//	              gather, decide, act                 jobspec.Render
//	kube          a Job or pod changes: its task gets another turn
//	callbacks.go  a pod reports                       plan.AcceptCallback
//	collect.go    a task has ended: save its logs
//	close.go      the last task has ended: write the  Ledger.Report
//	              report, close the record, drop what
//	              is older than the history           plan.Prune
//	lease         all of it only with the Lease
//
// Whatever is in memory may be lost at any instruction: recover.go builds it
// anew from the execution records, the Jobs and the report directory.
package controller
