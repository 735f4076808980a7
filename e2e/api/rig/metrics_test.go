package rig

import "testing"

func TestMetrics(t *testing.T) {
	metrics := ParseMetrics(`# HELP requests What was asked.
# TYPE requests counter
requests{method="GET",code="200"} 3
requests{method="GET",code="403"} 1
requests{method="PUT",code="200"} 2e+01
requests_more 7
up 1
`)
	tests := map[string]struct {
		name   string
		labels []string
		want   float64
	}{
		"all series of a name":            {name: "requests", want: 24},
		"those with a label":              {name: "requests", labels: []string{`method="GET"`}, want: 4},
		"those with several labels":       {name: "requests", labels: []string{`method="GET"`, `code="403"`}, want: 1},
		"a series without labels":         {name: "up", want: 1},
		"a name that others begin with":   {name: "requests_more", want: 7},
		"a name that is only a beginning": {name: "request"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := metrics.Sum(test.name, test.labels...); got != test.want {
				t.Errorf("Sum(%q, %q) = %v, want %v", test.name, test.labels, got, test.want)
			}
		})
	}
}
