package config

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"github.com/batch-job-controller/batch-job-controller/controller/config/schema"
)

// ReloadPolicy says from when on a change of a key applies.
type ReloadPolicy = schema.ReloadPolicy

// The policies.
const (
	// AtOnce is for keys that no execution keeps.
	AtOnce ReloadPolicy = "at once"
	// NextExecution is for keys that an execution keeps: an open execution has the values
	// that it began with.
	NextExecution ReloadPolicy = "from the next execution on"
	// NextStart is for keys that only a start uses. A change of them makes no restart
	// necessary.
	NextStart ReloadPolicy = "at the next start"
	// Restart is for keys that the process is built from.
	Restart ReloadPolicy = "after a restart"
)

// Change is the difference between the running configuration and a wanted one.
type Change struct {
	Config Config // runs from now on: the wanted one, except for keys that wait for a restart
	keys   []changedKey
}

type changedKey struct {
	path         string
	applies      ReloadPolicy
	runs, wanted any
}

// wholeDefinition stands for all keys of a definition, where only one of two
// configurations has one.
const wholeDefinition = "the definition"

// Compare decides which keys of a wanted configuration apply, and which wait for a
// restart. A definition that comes or goes does so at once, as a whole: of one that was not
// there, nothing was built that a restart would have to replace.
func Compare(running, wanted Config) Change {
	c := Change{Config: wanted}
	before, after := settings(&running), settings(&c.Config)
	var skipped map[any]bool
	if running.HasDefinition != wanted.HasDefinition {
		skipped = schema.FieldsOf(&c.Config.Definition)
		c.keys = append(c.keys, changedKey{wholeDefinition, AtOnce, running.HasDefinition, wanted.HasDefinition})
	}
	for i, s := range after {
		runs, wants := reflect.ValueOf(before[i].target).Elem(), reflect.ValueOf(s.target).Elem()
		if skipped[s.target] || reflect.DeepEqual(runs.Interface(), wants.Interface()) {
			continue
		}
		c.keys = append(c.keys, changedKey{s.path, s.applies, runs.Interface(), wants.Interface()})
		if s.applies == Restart {
			wants.Set(runs)
		}
	}
	return c
}

// Keys returns the paths of the changed keys that have a policy.
func (c Change) Keys(when ReloadPolicy) []string {
	var paths []string
	for _, k := range c.keys {
		if k.applies == when {
			paths = append(paths, k.path)
		}
	}
	return paths
}

// NeedsRestart reports whether a changed key waits for a restart.
func (c Change) NeedsRestart() bool { return len(c.Keys(Restart)) > 0 }

// Applies says from when on which keys apply, such as "cronExpression at once;
// podPoolSize from the next execution on". It is empty if nothing changes.
func (c Change) Applies() string {
	var parts []string
	for _, when := range []ReloadPolicy{AtOnce, NextExecution, NextStart} {
		if paths := c.Keys(when); len(paths) > 0 {
			parts = append(parts, strings.Join(paths, ", ")+" "+string(when))
		}
	}
	return strings.Join(parts, "; ")
}

// Waits returns a line for each key that waits for a restart, with its running and its
// wanted value.
func (c Change) Waits() []string {
	var lines []string
	for _, k := range c.keys {
		if k.applies == Restart {
			lines = append(lines, fmt.Sprintf("%s: stays %s until a restart makes it %s", k.path, inWords(k.runs), inWords(k.wanted)))
		}
	}
	return lines
}

func inWords(value any) string {
	switch v := reflect.ValueOf(value); {
	case v.Kind() == reflect.String:
		return fmt.Sprintf("%q", value)
	case v.IsZero():
		return "the default"
	default:
		return fmt.Sprint(value)
	}
}

// StartHash returns a hash that differs between configurations if a change from one to
// the other needs a restart. With RunOnStartup every change needs one: only a start
// begins an execution with the changed configuration.
func (c Config) StartHash() (string, error) {
	if c.RunOnStartup {
		return c.Hash, nil
	}
	values := map[string]any{}
	for _, s := range settings(&c) {
		if s.applies == Restart {
			values[s.path] = s.target
		}
	}
	text, err := json.Marshal(values) // in the order of the keys
	if err != nil {
		return "", fmt.Errorf("hash the configuration: %w", err)
	}
	return shortHash(text), nil
}
