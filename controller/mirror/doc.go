// Package mirror keeps the NodeCronJob of the definition in the ConfigMap: a copy of it,
// under the controller's name. What runs is read from that NodeCronJob as from any other, so
// that there is one path through the controller, and kubectl shows what the ConfigMap has.
// Only the leader writes.
//
// What people may change in the copy is what config.yaml has no keys for: suspend,
// concurrencyPolicy and priority. All else is written back. A NodeCronJob of that name that
// does not come from the ConfigMap is a person's: it is neither changed nor deleted, and the
// definition in the ConfigMap does not run.
//
//	decide.go  what to do about the NodeCronJob, as a pure function
//	object.go  the NodeCronJob as it should be, and in which fields another differs
//	mirror.go  the mirror of a process, and when the leader's looks
//	write.go   writes what was decided, or asks the API server whether it would accept that
//	tell.go    what people learn of it: events, a metric, the log
package mirror
