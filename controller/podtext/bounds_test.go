package podtext

import (
	"runtime"
	"strings"
	"testing"
)

func TestEvaluateIsBounded(t *testing.T) {
	const steps, made = "takes more than 200000 steps", "makes a text of more than 524288 bytes"
	// It has 32 KiB.
	long := `{{ $x := "0123456789abcdef" }}{{ range 10 }}{{ $x = print $x $x }}{{ end }}{{ $x = printf "%[1]s%[1]s" $x }}`
	tests := map[string]struct{ text, want string }{
		"a loop without end":                   {`{{ range 1000000000000 }}{{ end }}`, steps},
		"a loop without end that writes":       {`{{ range 1000000000000 }}x{{ end }}`, steps},
		"a loop that only continues":           {`{{ range 1000000000000 }}{{ continue }}{{ end }}`, steps},
		"loops in loops":                       {`{{ range 99999 }}{{ range 99999 }}{{ range 99999 }}{{ end }}{{ end }}{{ end }}`, steps},
		"a loop that breaks, in one":           {`{{ range 1000000000000 }}{{ range 1000000000000 }}{{ break }}{{ end }}{{ end }}`, steps},
		"a loop over a variable":               {`{{ $n := 1000000000000 }}{{ range $i := $n }}{{ $n = $i }}{{ end }}`, steps},
		"a loop over a length":                 {`{{ range len (printf "%500000d" 1) }}{{ range 2 }}{{ end }}{{ end }}`, steps},
		"a loop in what a condition leaves":    {`{{ if false }}{{ else if 0 }}{{ else }}{{ with 1 }}{{ range 1000000000000 }}{{ end }}{{ end }}{{ end }}`, steps},
		"a loop in a template of its own":      {`{{ define "t" }}{{ range . }}{{ end }}{{ end }}{{ template "t" 1000000000000 }}`, steps},
		"a loop in a block":                    {`{{ block "t" . }}{{ range 1000000000000 }}{{ end }}{{ end }}`, steps},
		"a loop over the names, and on":        {`{{ range . }}{{ range 1000000000000 }}{{ end }}{{ end }}`, steps},
		"many arguments, many times":           {`{{ range 10000 }}{{ if or` + strings.Repeat(" false", 10000) + `}}{{ end }}{{ end }}`, steps},
		"a template that calls itself":         {`{{ define "t" }}{{ template "t" }}{{ end }}{{ template "t" }}`, steps},
		"one that calls itself twice":          {`{{ define "t" }}{{ if . }}{{ template "t" slice . 1 }}{{ template "t" slice . 1 }}{{ end }}{{ end }}{{ template "t" printf "%99d" 1 }}`, steps},
		"two that call each other":             {`{{ define "a" }}{{ template "b" }}{{ end }}{{ define "b" }}{{ template "a" }}{{ end }}{{ template "a" }}`, steps},
		"a text that doubles":                  {`{{ $x := "0123456789" }}{{ range 60 }}{{ $x = print $x $x }}{{ end }}`, made},
		"a text that doubles without a loop":   {`{{ $x := "0123456789" }}` + strings.Repeat(`{{ $x = printf "%s%s" $x $x }}`, 60), made},
		"a text that is escaped again":         {`{{ $x := "<" }}{{ range 60 }}{{ $x = urlquery $x }}{{ $x = js (html $x $x) }}{{ end }}`, made},
		"a text that is made again and again":  {`{{ $x := printf "%500000d" 1 }}{{ range 1000 }}{{ $y := print $x }}{{ end }}`, steps},
		"output without end":                   {`{{ range 40000 }}0123456789abcdef{{ end }}`, "renders to more than 524288 bytes"},
		"output without end, of one action":    {`{{ $x := printf "%500000d" 1 }}{{ $x }}{{ $x }}`, "renders to more than 524288 bytes"},
		"a width that is too long":             {`{{ printf "%999999d" 1 }}`, made},
		"widths that fill the memory":          {`{{ printf "` + strings.Repeat("%999999[1]d", 20000) + `" 1 }}`, "may make a text of more than 16777216 bytes"},
		"precisions that fill the memory":      {`{{ printf "` + strings.Repeat("%.999999[1]f", 20000) + `" 1.0 }}`, "may make a text"},
		"widths by an argument":                {`{{ printf "` + strings.Repeat("%[1]*[1]d", 20000) + `" 999999 }}`, "may make a text"},
		"a width that is no number any more":   {`{{ printf "` + strings.Repeat("%999999999999999999999[1]d", 20) + `" 1 }}`, "may make a text"},
		"an argument many times, by its index": {long + `{{ printf "` + strings.Repeat("%[1]q", 20000) + `" $x }}`, "may make a text"},
		"a text many times":                    {long + `{{ print` + strings.Repeat(" $x", 20000) + `}}`, "may make a text"},
		"a text many times, escaped":           {long + `{{ html` + strings.Repeat(" $x", 20000) + `}}`, "may make a text"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := ours(tt.text, sampleData)
			runtime.ReadMemStats(&after)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got error %.300v, want one with %q", err, tt.want)
			}
			const most = 128 << 20
			if allocated := after.TotalAlloc - before.TotalAlloc; allocated > most {
				t.Errorf("allocates %d bytes, want at most %d", allocated, most)
			}
		})
	}
}

func TestEvaluateTakesWhatIsWithinItsBounds(t *testing.T) {
	const longest = 256 << 10 // that jobspec.Validate accepts
	tests := map[string]struct {
		text string
		want int // bytes
	}{
		"a thousand variables":                       {`{{ range $i := 1000 }}- {name: {{ printf "V%03d" $i }}, value: {{ html $.NodeName }}}` + "\n{{ end }}", 1000 * 37},
		"a loop of ten thousand":                     {`{{ range 10000 }}{{ . }}{{ end }}`, 38890},
		"a template that is called a thousand times": {`{{ define "t" }}x{{ end }}{{ range 1000 }}{{ template "t" . }}{{ end }}`, 1000},
		"a template that calls itself, for each character": {
			`{{ define "t" }}{{ if . }}x{{ template "t" slice . 1 }}{{ end }}{{ end }}{{ template "t" printf "%1000d" 1 }}`, 1000,
		},
		"a list that grows":            {`{{ $x := "" }}{{ range 1000 }}{{ $x = print $x "," . }}{{ end }}{{ $x }}`, 3890},
		"a text as long as the output": {`{{ printf "%524288d" 1 }}`, 524288},
		"the longest template":         {strings.Repeat("{{1}}", longest/5), longest / 5},
		"the deepest template":         {strings.Repeat("{{if 1}}", 15000) + "x" + strings.Repeat("{{end}}", 15000), 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got, err := ours(tt.text, sampleData); err != nil || len(got) != tt.want {
				t.Errorf("got %d bytes, error %.300v, want %d bytes", len(got), err, tt.want)
			}
		})
	}
}
