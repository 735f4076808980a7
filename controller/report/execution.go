package report

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"path"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// reportName is the file of the execution itself.
const reportName = "execution.json"

// SaveReport stores an execution's report.
func (s *Store) SaveReport(r execution.Report) error {
	body, err := json.Marshal(r)
	if err == nil {
		err = s.save(r.ID, reportName, text(append(body, '\n')))
	}
	if err != nil {
		return fmt.Errorf("report %s: %w", r.ID, err)
	}
	return nil
}

// Report returns an execution's report. The error wraps fs.ErrNotExist if the execution
// has not closed.
func (s *Store) Report(id execution.ID) (execution.Report, error) {
	var r execution.Report
	body, err := fs.ReadFile(s.files, path.Join(string(id), reportName))
	if err == nil {
		err = json.Unmarshal(body, &r)
	}
	if err != nil {
		return execution.Report{}, fmt.Errorf("report %s: %w", id, err)
	}
	return r, nil
}
