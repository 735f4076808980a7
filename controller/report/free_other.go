//go:build !unix

package report

import (
	"math"
	"os"
)

// freeBytes is unknown on this system.
func freeBytes(*os.File) (int64, error) { return math.MaxInt64, nil }

// sizeBytes is unknown on this system.
func sizeBytes(*os.File) (int64, error) { return math.MaxInt64, nil }
