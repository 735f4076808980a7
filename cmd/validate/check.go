package validate

import (
	"errors"
	"sort"
	"strings"
	"time"

	batchv1 "k8s.io/api/batch/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/definition"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
)

// Result is the result of a check.
type Result struct {
	Input    Input     // with defaults
	Findings []Finding // by file and line

	// The following fields are set only if the configuration is valid.

	Config config.Config // the others are of the definition, if it has one
	Times  []time.Time   // of the next executions
	Job    *batchv1.Job  // of the node of the input
	Share  int64         // bytes of the volume for each node's report; 0: unknown

	narrowed string // the fields by which the pod template rules out nodes
	schedule plan.Schedule
	onPaper  plan.Schedule // the schedule without clock changes
	period   time.Duration // the shortest time between two executions
}

// Valid reports whether the controller would start with the configuration.
func (r *Result) Valid() bool {
	for _, f := range r.Findings {
		if !f.Warning {
			return false
		}
	}
	return true
}

// Check validates the values as the controller does at startup. A valid configuration
// also gets warnings about common mistakes.
func Check(in Input, now time.Time) *Result {
	if in.Env.Namespace == "" {
		in.Env.Namespace = sampleNamespace
	}
	if in.Node == "" {
		in.Node = sampleNode
	}
	c := checking{Result: Result{Input: in}, places: newPlaces(in)}
	if in.NodeCronJob != nil {
		c.decodeNodeCronJob(now)
	} else {
		c.decode(now)
	}
	if c.Valid() && c.Config.HasDefinition {
		// If the configuration is valid, only the Job of a node can fail.
		if err := c.preview(now); err != nil {
			message := strings.TrimPrefix(err.Error(), "pod template for node "+c.Input.Node+": ")
			c.problem(c.templatePath(), "Invalid value: "+message)
			c.Findings[len(c.Findings)-1].Message += ", for node " + c.Input.Node
		}
	}
	if c.Valid() && c.Config.HasDefinition {
		c.adviseSchedule()
		c.adviseClocks()
		c.adviseCapacity()
		c.adviseTemplate()
	}
	sort.SliceStable(c.Findings, func(i, j int) bool { return c.Findings[i].before(c.Findings[j]) })
	return &c.Result
}

// decode validates the values with the controller's code.
func (c *checking) decode(now time.Time) {
	data := make(map[string]string, len(c.Input.Values))
	for key, v := range c.Input.Values {
		data[key] = v.Text
	}
	cfg, warnings, err := config.Decode(data, c.Input.Env, now)
	for _, w := range warnings {
		path, message, _ := strings.Cut(w, ": ")
		c.warn(path, "%s", message)
	}
	var problems config.Problems
	switch {
	case errors.As(err, &problems):
		for _, p := range problems {
			c.problem(p.Field, p.ErrorBody())
		}
	case err != nil:
		c.problem(config.ConfigKey, err.Error())
	}
	c.Config = cfg
}

const (
	shownTimes    = 5  // of the next executions
	regardedTimes = 50 // for the shortest time between two
)

// preview computes the next executions, and the Job of a node.
func (c *checking) preview(now time.Time) error {
	location, err := plan.ParseTimeZone(c.Config.TimeZone)
	if err != nil {
		return err
	}
	if c.schedule, err = plan.ParseSchedule(c.Config.CronExpression, c.Config.TimeZone, now); err != nil {
		return err
	}
	c.Times = next(c.schedule, now.In(location), shownTimes)
	// Without clock changes, which would shorten one period of the year.
	if c.onPaper, err = plan.ParseSchedule(c.Config.CronExpression, "", now); err != nil {
		return err
	}
	c.period = shortest(next(c.onPaper, now, regardedTimes))
	c.Job, err = definition.PreviewJob(c.Config, definition.Preview{
		Namespace: c.Input.Env.Namespace, Node: c.Input.Node, CallbackHost: c.host(), Scheduled: c.Times[0],
	})
	return err
}

// next returns the next times of a schedule, at least one.
func next(s plan.Schedule, after time.Time, n int) []time.Time {
	var times []time.Time
	for at := s.Next(after); !at.IsZero() && len(times) < n; at = s.Next(at) {
		times = append(times, at)
	}
	return times
}

// shortest returns the shortest time between two times; 0: there are less than two.
func shortest(times []time.Time) time.Duration {
	var least time.Duration
	for i := 1; i < len(times); i++ {
		if d := times[i].Sub(times[i-1]); least == 0 || d < least {
			least = d
		}
	}
	return least
}

// host returns the host in the callback URLs, with the Service's DNS name in place of
// its address.
func (c *checking) host() string {
	if c.Input.Env.PodIP != "" {
		return c.Input.Env.PodIP
	}
	return c.Config.CallbackServiceName + "." + c.Input.Env.Namespace + ".svc"
}
