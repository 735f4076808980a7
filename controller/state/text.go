package state

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
)

// Keys of the state. A value has a line per fact.
const (
	newestKey = "newestExecution"
	// <definition> <UID of the NodeCronJob> <last tick> <UID of its Execution> <last
	// opening> <schedule, to the end of the line>.
	ticksKey = "ticks"
	// <UID of the Execution> <Execution> <definition> <ID> <share>.
	executionsKey = "executions"
	// A number, raised by each grant: an update that changes nothing is no write.
	grantsKey = "grants"
	// Present while the entries of a state that was deleted are not known.
	restoringKey = "restoring"
)

// none stands in a line for what there is not.
const none = "-"

// formerKeys are those of a state of one definition. Its last tick says nothing about the
// NodeCronJobs of today, which were created since and whose ticks count from then on.
// They are deleted: a controller of before must not open again what was opened since.
var formerKeys = [...]string{"lastTick", "schedule", "opening"}

// parse parses the keys of the state. It forgets damaged ones and damaged lines, and
// returns their problems, but keeps damaged lines of executions (plan.State.Damaged):
// without them, two executions of a definition could be open.
func parse(data map[string]string) (s plan.State, problems []string) {
	problem := func(key, value string) { problems = append(problems, fmt.Sprintf("%s: %.200q", key, value)) }
	if text := data[newestKey]; text != "" {
		id, err := execution.ParseID(text)
		if err != nil {
			problem(newestKey, text)
		}
		s.Newest = id
	}
	if text := data[grantsKey]; text != "" {
		n, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			problem(grantsKey, text)
			n = 0
		}
		s.Grants = n
	}
	for line := range lines(data[ticksKey]) {
		definition, t, ok := parseTicks(line)
		if _, twice := s.Ticks[definition]; !ok || twice {
			problem(ticksKey, line)
			continue
		}
		if s.Ticks == nil {
			s.Ticks = map[string]plan.Ticks{}
		}
		s.Ticks[definition] = t
	}
	for line := range lines(data[executionsKey]) {
		e, ok := parseEntry(line)
		other, twice := s.Entry(e.UID)
		switch {
		case !ok:
			s.Damaged = append(s.Damaged, line)
		case !twice:
			s.Restore(e)
		case other != e:
			// It must not be read as an entry when the other one has ended.
			s.Damaged = append(s.Damaged, "of the same UID: "+line)
		}
	}
	s.Restoring = data[restoringKey] != ""
	return s, problems
}

// dataOf returns the data of the state, with the keys of other tools that it had.
func dataOf(s plan.State, had map[string]string) map[string]string {
	data := map[string]string{}
	maps.Copy(data, had)
	for _, key := range formerKeys {
		delete(data, key)
	}
	set := func(key, value string) {
		delete(data, key)
		if value != "" {
			data[key] = value
		}
	}
	set(newestKey, string(s.Newest))
	var text strings.Builder
	for _, definition := range slices.Sorted(maps.Keys(s.Ticks)) {
		t := s.Ticks[definition]
		writeLine(&text, definition, t.UID, printTime(t.Last), t.Execution, printTime(t.Opened), t.Schedule)
	}
	set(ticksKey, text.String())
	text.Reset()
	for _, e := range s.Entries {
		share := ""
		if e.Share >= 0 {
			share = strconv.Itoa(e.Share)
		}
		writeLine(&text, e.UID, e.Name, e.Definition, string(e.ID), share)
	}
	for _, line := range s.Damaged {
		text.WriteString(line + "\n")
	}
	set(executionsKey, text.String())
	set(restoringKey, "")
	if s.Restoring {
		set(restoringKey, "true")
	}
	set(grantsKey, "")
	if s.Grants > 0 {
		set(grantsKey, strconv.FormatUint(s.Grants, 10))
	}
	return data
}

func parseTicks(line string) (definition string, t plan.Ticks, ok bool) {
	f := strings.Fields(line)
	if len(f) < 5 || f[0] == none {
		return "", t, false
	}
	last, lastErr := parseTime(f[2])
	opened, openedErr := parseTime(f[4])
	if err := cmp.Or(lastErr, openedErr); err != nil {
		return "", t, false
	}
	t = plan.Ticks{UID: parseField(f[1]), Last: last, Execution: parseField(f[3]), Opened: opened, Schedule: parseField(strings.Join(f[5:], " "))}
	return f[0], t, true
}

func parseEntry(line string) (e plan.Entry, ok bool) {
	f := strings.Fields(line)
	if len(f) != 5 || slices.Contains(f[:3], none) {
		return e, false
	}
	e = plan.Entry{UID: f[0], Name: f[1], Definition: f[2], Share: execution.NoShare}
	if f[3] != none {
		id, err := execution.ParseID(f[3])
		if err != nil {
			return e, false
		}
		e.ID = id
	}
	if f[4] != none {
		share, err := strconv.Atoi(f[4])
		if err != nil || share < 0 {
			return e, false
		}
		e.Share = share
	}
	return e, true
}

// lines returns the lines of a text that are not blank.
func lines(text string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for line := range strings.SplitSeq(text, "\n") {
			if line = strings.TrimSpace(line); line != "" && !yield(line) {
				return
			}
		}
	}
}

func writeLine(text *strings.Builder, fields ...string) {
	for i, field := range fields {
		if i > 0 {
			text.WriteByte(' ')
		}
		text.WriteString(cmp.Or(field, none))
	}
	text.WriteByte('\n')
}

func parseField(field string) string {
	if field == none {
		return ""
	}
	return field
}

func parseTime(field string) (time.Time, error) {
	if field == none {
		return time.Time{}, nil
	}
	at, err := time.Parse(time.RFC3339, field)
	if at = at.UTC().Truncate(time.Second); at.Year() < 1 || at.Year() > 9999 {
		return time.Time{}, fmt.Errorf("%s cannot be written", field)
	}
	return at, err
}

func printTime(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.UTC().Format(time.RFC3339)
}
