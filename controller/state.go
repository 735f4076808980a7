package controller

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/lease"
)

// The state ConfigMap remembers which tick was dealt with last, and which
// execution is newest. Executions do not tell: users delete them, and a
// skipped tick leaves none. It is changed by compare-and-swap, and always
// before an execution record is created: a leader that slept through its Lease
// cannot open an execution beside that of its successor.
const (
	stateSuffix    = "-state"
	stateComponent = "state"
	lastTickKey    = "lastTick"
	scheduleKey    = "schedule" // of the last tick, with its time zone
	newestKey      = "newestExecution"
	openingKey     = "opening" // "trigger scheduled" while the newest execution's record is being created
)

// state is the state ConfigMap as this leader has read or written it.
type state struct {
	object   *corev1.ConfigMap // nil: there is none
	lastTick time.Time
	schedule string // that applied at the last tick; empty: it was not taken down
	newest   execution.ID
	opening  *opening // nil: the newest execution's record was created
}

// opening is why the newest execution is to be.
type opening struct {
	trigger   execution.Trigger
	scheduled time.Time
}

func (o opening) is(other opening) bool {
	return o.trigger == other.trigger && o.scheduled.Equal(other.scheduled)
}

// StateName returns the name of a controller's state ConfigMap.
func StateName(controller string) string { return controller + stateSuffix }

// LastTick returns until when the state says that ticks were dealt with, or the
// zero time.
func LastTick(object *corev1.ConfigMap) time.Time {
	s, _ := parseState(object)
	return s.lastTick
}

func (c *Controller) stateName() string { return StateName(c.config().Name) }

func (c *Controller) stateReference() corev1.ObjectReference {
	return corev1.ObjectReference{APIVersion: "v1", Kind: "ConfigMap", Namespace: c.Namespace, Name: c.stateName()}
}

func (c *Controller) readState(ctx context.Context) (state, error) {
	object, err := c.Client.CoreV1().ConfigMaps(c.Namespace).Get(ctx, c.stateName(), metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return state{}, nil
	}
	if err != nil {
		return state{}, fmt.Errorf("read %s: %w", c.stateName(), err)
	}
	s, problems := parseState(object)
	for _, problem := range problems {
		// Forgotten ticks are not worth a controller that does not start.
		c.Log.Warn("state not readable, and forgotten", "object", c.stateName(), "problem", problem)
	}
	return s, nil
}

// parseState reads what can be read, and tells of the rest.
func parseState(object *corev1.ConfigMap) (s state, problems []string) {
	s.object = object
	problem := func(key string) {
		problems = append(problems, fmt.Sprintf("%s: %.64q", key, object.Data[key]))
	}
	if text := object.Data[lastTickKey]; text != "" {
		at, err := time.Parse(time.RFC3339, text)
		if err != nil {
			problem(lastTickKey)
		}
		s.lastTick = at
	}
	s.schedule = object.Data[scheduleKey]
	if text := object.Data[newestKey]; text != "" {
		id, err := execution.ParseID(text)
		if err != nil {
			problem(newestKey)
		}
		s.newest = id
	}
	if text := object.Data[openingKey]; text != "" && s.newest != "" {
		trigger, scheduled, _ := strings.Cut(text, " ")
		at, err := time.Parse(time.RFC3339, scheduled)
		if err != nil || trigger == "" {
			problem(openingKey)
		} else {
			s.opening = &opening{execution.Trigger(trigger), at}
		}
	}
	return s, problems
}

// pass takes down that the ticks of a schedule up to a time were dealt with. It
// reports whether that is news.
func (s *state) pass(schedule string, until time.Time) bool {
	if !s.lastTick.Before(until) && s.schedule == schedule {
		return false
	}
	s.schedule = schedule
	if s.lastTick.Before(until) {
		s.lastTick = until
	}
	return true
}

// follow takes down the schedule that applies from now on. The ticks since the
// last one are due if known says so of the schedule that applied then, as they
// are when it was not taken down. Otherwise they are of another schedule, and none
// of this one counts from before now.
func (s *state) follow(schedule string, known func(string) bool, now time.Time) bool {
	switch {
	case s.lastTick.IsZero(): // the first start: nothing was missed
	case s.schedule == "":
		s.schedule = schedule
		return true
	case known(s.schedule):
		return false
	}
	return s.pass(schedule, now)
}

// begin takes down that an execution is to be opened, unless another one is, or
// its tick was dealt with. It gives it an ID that none had before.
func (s *state) begin(schedule string, why opening, now time.Time) bool {
	if s.opening != nil || (why.trigger == execution.Cron && !s.lastTick.Before(why.scheduled)) {
		return false
	}
	s.newest = s.nextID(why.scheduled)
	s.opening = &why
	if why.trigger == execution.Cron {
		s.lastTick, s.schedule = now, schedule
	}
	return true
}

func (s *state) nextID(scheduled time.Time) execution.ID {
	id := execution.NewID(scheduled)
	if s.newest != "" && id <= s.newest {
		return s.newest.Next()
	}
	return id
}

func (s state) data() map[string]string {
	data := map[string]string{}
	if s.object != nil {
		maps.Copy(data, s.object.Data)
	}
	set := func(key, value string) {
		delete(data, key)
		if value != "" {
			data[key] = value
		}
	}
	set(newestKey, string(s.newest))
	set(lastTickKey, "")
	if !s.lastTick.IsZero() {
		set(lastTickKey, s.lastTick.UTC().Format(time.RFC3339))
	}
	set(scheduleKey, s.schedule)
	set(openingKey, "")
	if s.opening != nil {
		set(openingKey, string(s.opening.trigger)+" "+s.opening.scheduled.UTC().Format(time.RFC3339))
	}
	return data
}

// swapState changes the state, unless there is no change to make, or somebody
// else wrote it since it was read: then it is read again, and the error says
// so. Only the goroutine that runs the ticks does this.
func (c *Controller) swapState(ctx context.Context, fence lease.Fence, change func(*state) bool) error {
	next := c.state
	if !change(&next) {
		return nil
	}
	write, done, err := fence(ctx)
	if err != nil {
		return err
	}
	defer done()
	client := c.Client.CoreV1().ConfigMaps(c.Namespace)
	var written *corev1.ConfigMap
	if next.object == nil {
		written, err = client.Create(write, &corev1.ConfigMap{
			ObjectMeta: metav1.ObjectMeta{Name: c.stateName(), Labels: jobspec.CommonLabels(c.config().Name, stateComponent)},
			Data:       next.data(),
		}, metav1.CreateOptions{})
	} else {
		object := next.object.DeepCopy()
		object.Data = next.data()
		written, err = client.Update(write, object, metav1.UpdateOptions{})
	}
	switch {
	case err == nil:
		next.object = written
		c.state = next
		return nil
	case apierrors.IsConflict(err), apierrors.IsAlreadyExists(err), apierrors.IsNotFound(err):
		there, readErr := c.readState(write)
		if readErr != nil {
			return readErr
		}
		c.state = there
		return fmt.Errorf("write %s, which was read again: %w", c.stateName(), err)
	default:
		if mayBeDone(err) {
			c.unanswered = c.Clock.Now()
		}
		return fmt.Errorf("write %s: %w", c.stateName(), err)
	}
}
