// Package memdisk is a disk in memory, for tests. It distinguishes written and durable
// data, and fails or blocks wherever a test wants it to.
//
//	disk.go     Disk: its operations, each of which may fail, and its capacity
//	file.go     a file being written
//	view.go     the disk as a file system for reading; Durable: what a power failure leaves
//	restart.go  a power failure, and which unsynced data survives it
//
// It has the methods of report.Disk without knowing package report: no name or file has
// a meaning here. Only tests import it.
package memdisk
