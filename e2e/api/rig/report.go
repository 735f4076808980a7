package rig

import (
	"encoding/json"
	"os"
	"path/filepath"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// Report reads the report of a closed execution from the report directory.
func (s *Site) Report(id execution.ID) execution.Report {
	s.tb.Helper()
	data, err := os.ReadFile(filepath.Join(s.ReportDir, string(id), "execution.json"))
	if err != nil {
		s.tb.Fatal(err)
	}
	var report execution.Report
	if err := json.Unmarshal(data, &report); err != nil {
		s.tb.Fatal(err)
	}
	return report
}
