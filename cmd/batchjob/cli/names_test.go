package cli_test

import (
	"strings"
	"testing"

	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/cli"
)

func TestJoinOr(t *testing.T) {
	for want, names := range map[string][]string{"": nil, "a": {"a"}, "a or b": {"a", "b"}, "a, b or c": {"a", "b", "c"}} {
		if got := cli.JoinOr(names); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestJoinNames(t *testing.T) {
	tests := map[string]struct {
		names []string
		want  string
	}{
		"none":              {want: ""},
		"one":               {names: []string{"a"}, want: "a"},
		"as many as fit":    {names: strings.Split("abcdefghij", ""), want: "a, b, c, d, e, f, g, h, i, j"},
		"one more than fit": {names: strings.Split("abcdefghijk", ""), want: "a, b, c, d, e, f, g, h, i, j, and 1 more"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := cli.JoinNames(test.names); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}
