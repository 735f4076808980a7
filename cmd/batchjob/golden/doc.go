// Package golden compares what a command prints with a file. Only tests import it.
//
//	golden.go  Main: the flag -update; Check: the comparison
package golden
