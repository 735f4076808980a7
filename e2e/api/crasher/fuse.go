package main

import (
	"fmt"
	"os"
	"path"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

// The time of a step, relative to its action.
const (
	before = "before"
	during = "during"
	after  = "after"
)

// fuse kills the process when the last of its steps has happened.
type fuse struct {
	mu    sync.Mutex
	steps []step // that have not happened yet
}

type step struct {
	when, what, target string // target is a pattern of package path
	times              int
}

// parseFuse parses the steps. Without steps, the fuse never kills.
func parseFuse(text string) (*fuse, error) {
	f := &fuse{}
	if text == "" {
		return f, nil
	}
	for one := range strings.SplitSeq(text, ", then ") {
		s, err := parseStep(one)
		if err != nil {
			return nil, fmt.Errorf("CRASH_AT: %q: %w", one, err)
		}
		f.steps = append(f.steps, s)
	}
	return f, nil
}

func parseStep(text string) (s step, err error) {
	fields := strings.Fields(text)
	if len(fields) < 3 || len(fields) > 4 {
		return s, fmt.Errorf("must be a time, an action, a target, and perhaps a count")
	}
	s = step{when: fields[0], what: fields[1], target: fields[2], times: 1}
	if len(fields) == 4 {
		if s.times, err = strconv.Atoi(fields[3]); err != nil {
			return s, err
		}
	}
	if _, err := path.Match(s.target, ""); err != nil {
		return s, fmt.Errorf("%s: %w", s.target, err)
	}
	if s.when != before && s.when != during && s.when != after {
		return s, fmt.Errorf("%s: must be before, during or after", s.when)
	}
	return s, nil
}

// at is called at every step of the process. It does not return from the step at which it
// kills, and no other goroutine can pass a step meanwhile.
func (f *fuse) at(when, what, target string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.steps) == 0 {
		return
	}
	s := &f.steps[0]
	if matches, _ := path.Match(s.target, target); !matches || s.when != when || s.what != what {
		return
	}
	if s.times--; s.times > 0 {
		return
	}
	f.steps = f.steps[1:]
	if len(f.steps) == 0 {
		fmt.Fprintf(os.Stderr, "crasher: killed %s %s %s\n", when, what, target)
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL) // it cannot fail
		select {}
	}
}
