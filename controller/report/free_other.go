//go:build !unix

package report

import (
	"math"
	"os"
)

// freeBytes is not known here.
func freeBytes(*os.File) (int64, error) { return math.MaxInt64, nil }

// sizeBytes is not known here.
func sizeBytes(*os.File) (int64, error) { return math.MaxInt64, nil }
