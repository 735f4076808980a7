package execution

import "time"

// Intake is what the pods of an execution may report. A limit of zero means the
// default, which is defined where the limit applies.
type Intake struct {
	Gauges           []Gauge `json:"gauges,omitempty"` // by name
	SamplesPerResult int     `json:"samplesPerResult,omitempty"`
	LabelSets        int     `json:"labelSets,omitempty"`
	LabelSize        int     `json:"labelSize,omitempty"`

	FilesPerTask      int           `json:"filesPerTask,omitempty"`
	BytesPerTask      int64         `json:"bytesPerTask,omitempty"`
	ResultsPerTask    int           `json:"resultsPerTask,omitempty"`
	EventsPerTask     int           `json:"eventsPerTask,omitempty"`
	EventBurst        int           `json:"eventBurst,omitempty"`
	EventInterval     time.Duration `json:"eventInterval,omitempty"`
	EventsPerSecond   int           `json:"eventsPerSecond,omitempty"`
	BytesPerExecution int64         `json:"bytesPerExecution,omitempty"`
}

// Gauge is a metric that results may set.
type Gauge struct {
	Name   string   `json:"name"` // without the prefix
	Help   string   `json:"help,omitempty"`
	Labels []string `json:"labels,omitempty"` // besides the labels of every gauge
}
