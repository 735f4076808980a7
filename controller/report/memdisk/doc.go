// Package memdisk is a disk in memory, for tests. It distinguishes written and durable
// data, and fails or blocks wherever a test wants it to.
package memdisk
