//go:build e2e

package bench

import (
	"os"
	"testing"

	"github.com/batch-job-controller/batch-job-controller/e2e/api/rig/testbed"
)

// shared is the cluster of all runs.
var shared *testbed.Cluster

func TestMain(m *testing.M) { os.Exit(testbed.Main(m, "bench", &shared)) }
