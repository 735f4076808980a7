package config

import "testing"

func TestResult(t *testing.T) {
	const gauges = "metrics: {prefix: check, gauges: {a: {}}}"
	tests := map[string]struct {
		text        string
		want        bool // that it is optional
		wantProblem string
	}{
		"without gauges nothing is expected":     {text: "", want: true},
		"with gauges a result is expected":       {text: gauges},
		"without gauges it may be expected":      {text: "result: Expected"},
		"with gauges it may be optional":         {text: gauges + "\nresult: Optional", want: true},
		"an empty word is none":                  {text: gauges + "\nresult: ''"},
		"another word":                           {text: "result: Required", wantProblem: "result"},
		"the word in other letters":              {text: "result: optional", wantProblem: "result"},
		"a truth value":                          {text: "result: false", wantProblem: "result"},
		"a mapping, as callbacks and reports do": {text: "result: {auth: none}", wantProblem: "result"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, _, err := decode(withDefaults(tt.text))
			if tt.wantProblem != "" {
				if !hasLine(lines(t, err), tt.wantProblem, "") {
					t.Errorf("got %v, want a problem of %s", err, tt.wantProblem)
				}
				return
			}
			if err != nil || got.ResultOptional() != tt.want {
				t.Errorf("optional: %t, %v; want %t", got.ResultOptional(), err, tt.want)
			}
		})
	}
}
