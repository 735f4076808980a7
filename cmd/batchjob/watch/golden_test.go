package watch

import (
	"testing"

	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/golden"
)

func TestMain(m *testing.M) { golden.Main(m) }
