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

// output prints the output of go test -json like that of go test, and collects the skipped
// tests.
type output struct {
	to io.Writer
	// all shows the output of passed tests, too.
	all     bool
	pending map[string]string // the output of tests that have not ended
	skipped []string          // with the reason
}

func newOutput(to io.Writer, all bool) *output {
	return &output{to: to, all: all, pending: map[string]string{}}
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
		fmt.Fprint(o.to, line) // the output of a program that go test has started
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
	o.pending[key] += e.Output
	switch e.Action {
	case "skip":
		o.skipped = append(o.skipped, e.Test+": "+reason(o.pending[key]))
	case "fail":
		if !o.all {
			fmt.Fprint(o.to, o.pending[key])
		}
	case "pass":
	default:
		return
	}
	delete(o.pending, key)
}

// showUnended prints the output of a package's tests that did not end: a panic in one test
// ends all.
func (o *output) showUnended(pkg string) {
	for _, key := range slices.Sorted(maps.Keys(o.pending)) {
		if !strings.HasPrefix(key, pkg+" ") {
			continue
		}
		if !o.all {
			fmt.Fprint(o.to, o.pending[key])
		}
		delete(o.pending, key)
	}
}

// reason returns the reason in the output of a skipped test.
func reason(said string) string {
	why := "it does not say why"
	for line := range strings.Lines(said) {
		if text, isLog := strings.CutPrefix(line, "    "); isLog && !strings.HasPrefix(strings.TrimSpace(text), "---") {
			_, why, _ = strings.Cut(strings.TrimSpace(text), ": ")
		}
	}
	return why
}
