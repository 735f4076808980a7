// Package memdisk is a disk in memory, for tests. It keeps apart what it was
// told and what it would still know after a power failure, and it fails, or
// takes its time, wherever a test wants it to.
package memdisk
