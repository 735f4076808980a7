package execution

import "time"

// Limit is a limit of what pods may ask for. Its name is its key below
// callback.limits in the configuration, and its label in the metrics.
type Limit string

// The limits that a callback may meet.
const (
	ResultSize        Limit = "resultSize"        // bytes of a result
	EventSize         Limit = "eventSize"         // bytes of an event
	FileSize          Limit = "fileSize"          // bytes of a file
	UploadSize        Limit = "uploadSize"        // bytes of a form with files
	UploadParts       Limit = "uploadParts"       // parts of such a form
	HeaderLines       Limit = "headerLines"       // of a request or of a part
	BodyDeadline      Limit = "bodyDeadline"      // until a result or an event has come
	FileRate          Limit = "fileRate"          // bytes of a file in a second
	Queue             Limit = "queue"             // requests that wait for their turn
	QueueDeadline     Limit = "queueDeadline"     // how long they wait
	RequestsPerTask   Limit = "requestsPerTask"   // requests of a node task that are worked on at once
	FilesPerTask      Limit = "filesPerTask"      // files that a node task may have
	BytesPerTask      Limit = "bytesPerTask"      // bytes of all of them
	ResultsPerTask    Limit = "resultsPerTask"    // results that it may send
	EventsPerTask     Limit = "eventsPerTask"     // events that it may send
	EventInterval     Limit = "eventInterval"     // between its events, after the first few
	EventsPerSecond   Limit = "eventsPerSecond"   // events of all node tasks
	BytesPerExecution Limit = "bytesPerExecution" // bytes of all files of an execution
	FreeBytes         Limit = "freeBytes"         // bytes that files leave free
	Reserve           Limit = "reserve"           // bytes that logs leave free too
	SamplesPerResult  Limit = "samplesPerResult"  // values of a result
	LabelSets         Limit = "labelSets"         // values of one gauge in a result
	LabelSize         Limit = "labelSize"         // bytes of the value of a label
	Series            Limit = "series"            // that all results together are exported as
)

// Limits returns the limits that each kind of callback may meet.
func Limits() map[string][]Limit {
	of := func(limits ...Limit) []Limit {
		return append(limits, HeaderLines, RequestsPerTask, Queue, QueueDeadline)
	}
	return map[string][]Limit{
		"result": of(ResultSize, BodyDeadline, ResultsPerTask, SamplesPerResult, LabelSets, LabelSize, Series),
		"file":   of(FileSize, UploadSize, UploadParts, FileRate, FilesPerTask, BytesPerTask, BytesPerExecution, FreeBytes, Reserve),
		"event":  of(EventSize, BodyDeadline, EventsPerTask, EventInterval, EventsPerSecond),
	}
}

// LimitError is that a callback is over a limit. It is shown to the pod.
type LimitError struct {
	Limit   Limit
	Err     error  // what it comes to: ErrTooLarge, ErrTooMany, ErrUsedUp, ...
	Message string // what is allowed
	// RetryAfter is when it is worth trying again; 0: that is not known, or never.
	RetryAfter time.Duration
}

func (e *LimitError) Error() string { return e.Err.Error() + ": " + e.Message }
func (e *LimitError) Unwrap() error { return e.Err }
