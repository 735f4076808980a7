package config

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
)

// ReloadPolicy is from when on a change of a key applies, without a restart or with
// one.
type ReloadPolicy string

// The policies.
const (
	// AtOnce is for what no execution keeps.
	AtOnce ReloadPolicy = "at once"
	// NextExecution is for what an execution keeps from its beginning to its end:
	// one that is open goes on with what it began with.
	NextExecution ReloadPolicy = "from the next execution on"
	// NextStart is for what only a start looks at: a change waits for it in the
	// nature of the key.
	NextStart ReloadPolicy = "at the next start"
	// Restart is for what the process is built of.
	Restart ReloadPolicy = "after a restart"
)

// Change is what becomes of a configuration that runs when another one is
// wanted.
type Change struct {
	Config Config // what runs from now on: the wanted one, but for what waits for a restart
	keys   []changedKey
}

type changedKey struct {
	path         string
	applies      ReloadPolicy
	runs, wanted any
}

// Compare decides what of a wanted configuration applies, and what waits for a
// restart.
func Compare(running, wanted Config) Change {
	c := Change{Config: wanted}
	before, after := settings(&running), settings(&c.Config)
	for i, s := range after {
		runs, wants := reflect.ValueOf(before[i].target).Elem(), reflect.ValueOf(s.target).Elem()
		if reflect.DeepEqual(runs.Interface(), wants.Interface()) {
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

// NeedsRestart reports whether a part of the change waits for a restart.
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

// Waits says of each key that waits for a restart what runs and what is wanted.
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

// StartHash tells two configurations apart that a controller has to be started
// anew between. With RunOnStartup those are any two: the start is what begins an
// execution with the changed one.
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
