package main

import (
	"bytes"
	"io"
	"sync"
)

// groups groups consecutive tiers that mostly wait.
func groups(all []tier) (groups [][]tier) {
	for i, t := range all {
		if i > 0 && t.waits && all[i-1].waits {
			groups[len(groups)-1] = append(groups[len(groups)-1], t)
		} else {
			groups = append(groups, []tier{t})
		}
	}
	return groups
}

// sideBySide runs tiers concurrently. It prints the output of the first one immediately,
// and that of each other tier when the tiers before it have ended.
func sideBySide(tiers []tier, to io.Writer, run func(tier, io.Writer) result) []result {
	results, texts := make([]result, len(tiers)), make([]bytes.Buffer, len(tiers))
	var others sync.WaitGroup
	for i := 1; i < len(tiers); i++ {
		others.Go(func() { results[i] = run(tiers[i], &sharedWriter{to: &texts[i]}) })
	}
	results[0] = run(tiers[0], &sharedWriter{to: to})
	others.Wait()
	for i := range texts {
		_, _ = texts[i].WriteTo(to) // to the terminal
	}
	return results
}

// sharedWriter serializes the writes of a command to stdout and stderr.
type sharedWriter struct {
	mu sync.Mutex
	to io.Writer
}

func (w *sharedWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.to.Write(p)
}
