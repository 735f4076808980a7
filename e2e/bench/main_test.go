//go:build e2e

package bench

import (
	"os"
	"testing"

	"github.com/batch-job-controller/batch-job-controller/e2e/api/rig"
)

// shared is the cluster of all runs.
var shared *rig.Cluster

func TestMain(m *testing.M) { os.Exit(rig.Main(m, "bench", &shared)) }
