package plan

import "github.com/batch-job-controller/batch-job-controller/controller/execution"

// Followed is an execution of which others, such as dashboards, may be told.
type Followed struct {
	Partial bool // it was narrowed to some of the definition's nodes
	// OfConfigMap says that its definition is the one of the controller's ConfigMap;
	// HasConfigMap, that there is one at all.
	OfConfigMap, HasConfigMap bool
	Counts                    execution.Counts // once it has closed
}

// Follow is what an execution moves.
type Follow struct {
	Latest        bool // the link to the newest report
	LastExecution bool // the metrics and the status of the last execution
	PodsGauge     bool // the gauges of its number of pods and of its ID
	Healthy       bool // the condition Healthy of its definition
}

// Follows returns what an execution moves. A partial one moves nothing: the nodes that it
// leaves out would look as if they were missing.
//
// The link to the newest report is one for all definitions. It belongs to that of the
// ConfigMap, whose users know it, or to all of them if the ConfigMap has none. An execution
// that was canceled says that its definition is unhealthy if a node is bad, but otherwise
// not that it is healthy, as some nodes were not reached.
func Follows(f Followed) Follow {
	if f.Partial {
		return Follow{}
	}
	return Follow{
		Latest:        f.OfConfigMap || !f.HasConfigMap,
		LastExecution: true,
		PodsGauge:     true,
		Healthy:       f.Counts.Bad() > 0 || f.Counts[execution.Canceled] == 0,
	}
}
