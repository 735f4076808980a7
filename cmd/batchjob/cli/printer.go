package cli

import (
	"fmt"
	"io"
)

// DedupPrinter prints a text only if it differs from the last one.
type DedupPrinter struct {
	to         io.Writer
	last       string
	summaryKey string // of the last printed details
}

// NewDedupPrinter returns a printer that has not printed anything.
func NewDedupPrinter(to io.Writer) *DedupPrinter { return &DedupPrinter{to: to} }

// Print prints a text.
func (p *DedupPrinter) Print(text string) {
	if text != p.last {
		fmt.Fprintln(p.to, text)
	}
	p.last = text
}

// PrintWith prints details too, unless their summary key is that of the last
// printed details.
func (p *DedupPrinter) PrintWith(text, details, summaryKey string) {
	if summaryKey != "" && summaryKey != p.summaryKey {
		p.last = "" // the details belong to the text
		p.Print(text)
		fmt.Fprintln(p.to, details)
	} else {
		p.Print(text)
	}
	p.summaryKey = summaryKey
}
