package config

import (
	"fmt"
	"reflect"
	"strings"
)

// Change is what becomes of a configuration that runs when another one is
// wanted.
type Change struct {
	Config Config // what runs from now on: the wanted one, but for what waits for a restart
	Wanted Config
	keys   []changedKey
}

type changedKey struct {
	path         string
	when         Moment
	runs, wanted any
}

// Compare decides what of a wanted configuration applies, and what waits for a
// restart.
func Compare(running, wanted Config) Change {
	c := Change{Config: wanted, Wanted: wanted}
	before, after := keys(&running), keys(&c.Config)
	for i, k := range after {
		runs, wants := reflect.ValueOf(before[i].value).Elem(), reflect.ValueOf(k.value).Elem()
		if reflect.DeepEqual(runs.Interface(), wants.Interface()) {
			continue
		}
		c.keys = append(c.keys, changedKey{k.path, k.when, runs.Interface(), wants.Interface()})
		if k.when == Restart {
			wants.Set(runs)
		}
	}
	return c
}

// Keys returns the paths of the keys whose change applies from a moment on.
func (c Change) Keys(when Moment) []string {
	var paths []string
	for _, k := range c.keys {
		if k.when == when {
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
	for _, when := range []Moment{AtOnce, NextExecution, NextStart} {
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
		if k.when == Restart {
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
