//go:build e2e

package suite

import (
	"os"
	"testing"
)

const (
	maxBinary = 50_000_000
	maxImage  = 40_000_000
)

// TestSize checks the size of the program and its image.
func TestSize(t *testing.T) {
	for name, weighed := range map[string]struct {
		file string
		most int64
	}{
		"the program has at most 50 MB": {env.image.Binary, maxBinary},
		"the image has at most 40 MB":   {env.image.Archive, maxImage},
	} {
		t.Run(name, func(t *testing.T) {
			if weighed.file == "" {
				t.Skip("the image was not built here: E2E_IMAGE names it")
			}
			info, err := os.Stat(weighed.file)
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("it has %.1f MB", float64(info.Size())/1e6)
			if info.Size() > weighed.most {
				t.Errorf("got %d bytes, want at most %d", info.Size(), weighed.most)
			}
		})
	}
}
