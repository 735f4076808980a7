package execution

import "time"

// Limit is a limit on callbacks. Its name is its key below callback.limits in the
// configuration, and its label in the metrics.
type Limit string

// The limits on callbacks.
const (
	ResultSize        Limit = "resultSize"        // bytes of a result
	EventSize         Limit = "eventSize"         // bytes of an event
	FileSize          Limit = "fileSize"          // bytes of a file
	UploadSize        Limit = "uploadSize"        // bytes of a form with files
	UploadParts       Limit = "uploadParts"       // parts of such a form
	HeaderLines       Limit = "headerLines"       // of a request or of a part
	BodyDeadline      Limit = "bodyDeadline"      // until a result or an event is complete
	FileRate          Limit = "fileRate"          // bytes of a file per second
	Queue             Limit = "queue"             // requests in the queue
	QueueDeadline     Limit = "queueDeadline"     // how long they wait
	RequestsPerTask   Limit = "requestsPerTask"   // concurrent requests of a node task
	FilesPerTask      Limit = "filesPerTask"      // files of a node task
	BytesPerTask      Limit = "bytesPerTask"      // bytes of all of them
	ResultsPerTask    Limit = "resultsPerTask"    // results of a node task
	EventsPerTask     Limit = "eventsPerTask"     // events of a node task
	EventInterval     Limit = "eventInterval"     // between its events, after the first few
	EventsPerSecond   Limit = "eventsPerSecond"   // events of all node tasks
	BytesPerExecution Limit = "bytesPerExecution" // bytes of all files of an execution
	FreeBytes         Limit = "freeBytes"         // bytes that files leave free
	Reserve           Limit = "reserve"           // bytes that logs leave free too
	SamplesPerResult  Limit = "samplesPerResult"  // values of a result
	LabelSets         Limit = "labelSets"         // values of one gauge in a result
	LabelSize         Limit = "labelSize"         // bytes of a label value
	Series            Limit = "series"            // exported series of all results
)

// Limits returns the limits on each kind of callback.
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

// LimitError says that a callback exceeds a limit. The response contains it.
type LimitError struct {
	Limit   Limit
	Err     error  // ErrTooLarge, ErrTooMany, ErrUsedUp, ...
	Message string // what is allowed
	// RetryAfter is when a retry may succeed; 0: never, or unknown.
	RetryAfter time.Duration
}

func (e *LimitError) Error() string { return e.Err.Error() + ": " + e.Message }
func (e *LimitError) Unwrap() error { return e.Err }
