package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"time"
)

// step is a part of the demo that takes time.
type step struct {
	name  string
	about string
	do    func(ctx context.Context, log io.Writer) error
}

// run prints the name of the step, its output, and its duration.
func (s step) run(ctx context.Context, out io.Writer) error {
	began := time.Now()
	fmt.Fprintf(out, "  %-11s %s ...", s.name, s.about)
	log := &indented{to: out}
	if err := s.do(ctx, log); err != nil {
		fmt.Fprintln(out)
		return err
	}
	if log.used {
		fmt.Fprintf(out, "\n%-13s", "")
	}
	fmt.Fprintf(out, " %.1fs\n", time.Since(began).Seconds())
	return nil
}

// indented indents every line below its step.
type indented struct {
	to   io.Writer
	rest []byte
	used bool
}

func (i *indented) Write(data []byte) (int, error) {
	i.rest = append(i.rest, data...)
	for {
		line, rest, whole := bytes.Cut(i.rest, []byte("\n"))
		if !whole {
			return len(data), nil
		}
		i.rest = rest
		i.used = true
		if _, err := fmt.Fprintf(i.to, "\n%-15s %s", "", line); err != nil {
			return 0, err
		}
	}
}
