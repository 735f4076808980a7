//go:build e2e

package api

import (
	"os"
	"testing"

	"github.com/batch-job-controller/batch-job-controller/e2e/api/rig/testbed"
)

// shared is the cluster of all tests. Each test has its own namespace and nodes.
var shared *testbed.Cluster

func TestMain(m *testing.M) { os.Exit(testbed.Main(m, "api", &shared)) }
