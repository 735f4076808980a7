package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// event is a line of go test -json, as package test2json describes it.
type event struct {
	Action, Package, Test, Output string
}

// output shows what go test -json tells as go test does by itself, and counts
// the tests that were skipped.
type output struct {
	to io.Writer
	// all is to show what tests say that pass, too.
	all     bool
	said    map[string]string // by tests that have not ended
	skipped []string          // and why
}

func newOutput(to io.Writer, all bool) *output {
	return &output{to: to, all: all, said: map[string]string{}}
}

// read reads to the end.
func (o *output) read(from io.Reader) error {
	lines := bufio.NewReader(from)
	for {
		line, err := lines.ReadString('\n')
		if line != "" {
			o.line(line)
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read the output of go test: %w", err)
		}
	}
}

func (o *output) line(line string) {
	var e event
	if err := json.Unmarshal([]byte(line), &e); err != nil || e.Action == "" {
		fmt.Fprint(o.to, line) // of a program that go test has started
		return
	}
	key := e.Package + " " + e.Test
	if e.Test == "" || o.all {
		if e.Output != "PASS\n" {
			fmt.Fprint(o.to, e.Output)
		}
	}
	if e.Test == "" {
		if e.Action == "fail" {
			o.showUnended(e.Package)
		}
		return
	}
	o.said[key] += e.Output
	switch e.Action {
	case "skip":
		o.skipped = append(o.skipped, e.Test+": "+reason(o.said[key]))
	case "fail":
		if !o.all {
			fmt.Fprint(o.to, o.said[key])
		}
	case "pass":
	default:
		return
	}
	delete(o.said, key)
}

// showUnended shows what tests of a package said that did not end: a panic in one of them
// ended all.
func (o *output) showUnended(pkg string) {
	for _, key := range slices.Sorted(maps.Keys(o.said)) {
		if !strings.HasPrefix(key, pkg+" ") {
			continue
		}
		if !o.all {
			fmt.Fprint(o.to, o.said[key])
		}
		delete(o.said, key)
	}
}

// reason returns what a test that was skipped said of it.
func reason(said string) string {
	why := "it does not say why"
	for line := range strings.Lines(said) {
		if text, isLog := strings.CutPrefix(line, "    "); isLog && !strings.HasPrefix(strings.TrimSpace(text), "---") {
			_, why, _ = strings.Cut(strings.TrimSpace(text), ": ")
		}
	}
	return why
}
