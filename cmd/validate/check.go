package validate

import (
	"errors"
	"fmt"
	"sort"
	"strings"
	"time"

	batchv1 "k8s.io/api/batch/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/definition"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
)

// Result is what there is to say of a configuration.
type Result struct {
	Input    Input     // with what was assumed
	Findings []Finding // by file and line

	// What follows is there only if the configuration is valid.

	Config config.Config
	Times  []time.Time  // of the next executions
	Job    *batchv1.Job // of the node of the input
	Share  int64        // bytes of the volume for each report; 0: not known

	narrowed string // by what the pod template excludes nodes
	schedule plan.Schedule
	onPaper  plan.Schedule // if clocks never changed
	period   time.Duration // the shortest between two executions
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

// Check reads the values as the controller does when it starts. What is found
// by experience is a warning, and given only of a configuration that is valid.
func Check(in Input, now time.Time) *Result {
	if in.Env.Namespace == "" {
		in.Env.Namespace = sampleNamespace
	}
	if in.Node == "" {
		in.Node = sampleNode
	}
	c := checking{Result: Result{Input: in}, places: newPlaces(in.Values)}
	c.decode(now)
	if c.Valid() {
		// Where the configuration is valid, only the Job of a node can fail.
		if err := c.preview(now); err != nil {
			message := strings.TrimPrefix(err.Error(), "pod template for node "+c.Input.Node+": ")
			c.problem(config.PodTemplateKey, "Invalid value: "+message)
			c.Findings[len(c.Findings)-1].Message += ", for node " + c.Input.Node
		}
	}
	if c.Valid() {
		c.adviseSchedule()
		c.adviseClocks()
		c.adviseCapacity()
		c.adviseTemplate()
	}
	sort.SliceStable(c.Findings, func(i, j int) bool { return c.Findings[i].before(c.Findings[j]) })
	return &c.Result
}

// checking is a check that is being made.
type checking struct {
	Result
	places places
}

func (c *checking) problem(path, message string) {
	c.Findings = append(c.Findings, c.places.at(path, message))
}

func (c *checking) warn(path, format string, args ...any) {
	f := c.places.at(path, fmt.Sprintf(format, args...))
	f.Warning = true
	c.Findings = append(c.Findings, f)
}

// decode has the controller's own code judge the values.
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
	regardedTimes = 50 // to find out how close they come
)

// preview works out when the next executions are, and the Job of a node.
func (c *checking) preview(now time.Time) error {
	location, err := plan.ParseTimeZone(c.Config.TimeZone)
	if err != nil {
		return err
	}
	if c.schedule, err = plan.ParseSchedule(c.Config.CronExpression, c.Config.TimeZone, now); err != nil {
		return err
	}
	c.Times = next(c.schedule, now.In(location), shownTimes)
	// On paper, as a change of the clocks would make one execution of a year
	// speak for all.
	if c.onPaper, err = plan.ParseSchedule(c.Config.CronExpression, "", now); err != nil {
		return err
	}
	c.period = shortest(next(c.onPaper, now, regardedTimes))
	c.Job, err = definition.PreviewJob(c.Config, definition.Preview{
		Namespace: c.Input.Env.Namespace, Node: c.Input.Node, CallbackHost: c.host(), Scheduled: c.Times[0],
	})
	return err
}

// next returns the next times of a schedule, of which there is one at least.
func next(s plan.Schedule, after time.Time, n int) []time.Time {
	var times []time.Time
	for at := s.Next(after); !at.IsZero() && len(times) < n; at = s.Next(at) {
		times = append(times, at)
	}
	return times
}

// shortest returns the shortest time between two, or 0 if there are not two.
func shortest(times []time.Time) time.Duration {
	var least time.Duration
	for i := 1; i < len(times); i++ {
		if d := times[i].Sub(times[i-1]); least == 0 || d < least {
			least = d
		}
	}
	return least
}

// host returns where job pods report. In a cluster it is the Service's
// address.
func (c *checking) host() string {
	if c.Input.Env.PodIP != "" {
		return c.Input.Env.PodIP
	}
	return c.Config.CallbackServiceName + "." + c.Input.Env.Namespace + ".svc"
}
