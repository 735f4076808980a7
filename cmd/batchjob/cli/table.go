package cli

import (
	"fmt"
	"strings"
	"text/tabwriter"
)

// Table returns a table as text. The head's cells are separated by tabs.
func Table(head string, fill func(row func(cells ...any))) string {
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, head)
	fill(func(cells ...any) {
		for n, cell := range cells {
			if n > 0 {
				fmt.Fprint(w, "\t")
			}
			fmt.Fprint(w, cell)
		}
		fmt.Fprintln(w)
	})
	_ = w.Flush() // to memory
	return text.String()
}
