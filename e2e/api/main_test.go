//go:build e2e

package api

import (
	"os"
	"testing"

	"github.com/batch-job-controller/batch-job-controller/e2e/api/rig"
)

// shared is the cluster of all tests: each has a namespace and nodes of its
// own.
var shared *rig.Cluster

func TestMain(m *testing.M) { os.Exit(rig.Main(m, "api", &shared)) }
