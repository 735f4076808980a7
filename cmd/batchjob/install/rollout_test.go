package install

import (
	"strings"
	"testing"
)

func TestWholeOfALog(t *testing.T) {
	const gone = "failed to try resolving symlinks in path \"0.log\": no such file or directory"
	tests := map[string]struct{ log, end, want string }{
		"neither is there":                      {"", "", ""},
		"the status has nothing":                {"first\nlast", "", "first\nlast"},
		"the log has more than the status":      {"first\nlast", "st\nlast", "first\nlast"},
		"the kubelet does not have the file":    {gone, "first\nlast", "first\nlast"},
		"the log is deleted":                    {"", "last", "last"},
		"the log is that of the next container": {"first", "first\nlast", "first\nlast"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := completeLog(test.log, test.end); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestEndOfALog(t *testing.T) {
	many := strings.Repeat("level=INFO msg=early\n", 5) + strings.Repeat("level=INFO msg=late\n", 10)
	tests := map[string]struct{ log, want string }{
		"there is none":                    {"", ""},
		"its last lines":                   {many, strings.TrimSpace(strings.Repeat("level=INFO msg=late\n", 10))},
		"no debug lines for people":        {"time=1 level=DEBUG msg=seen\ntime=1 level=ERROR msg=why\n", "time=1 level=ERROR msg=why"},
		"no debug lines for programs":      {`{"time":1,"level":"DEBUG","msg":"seen"}` + "\n" + `{"level":"ERROR","msg":"why"}`, `{"level":"ERROR","msg":"why"}`},
		"nor those between debug and info": {"time=1 level=DEBUG+3 msg=seen\n" + `{"level":"DEBUG+3","msg":"seen"}`, ""},
		"nothing but debug lines":          {"time=1 level=DEBUG msg=seen\n", ""},
		"many debug lines hide nothing":    {"level=ERROR msg=why\n" + strings.Repeat("time=1 level=DEBUG msg=seen\n", 50), "level=ERROR msg=why"},
		"nothing is done to a terminal":    {"a\x1b[2Jb\u202ec\td\r\n", "a [2Jb c d"},
		"a message that speaks of debug":   {"level=INFO msg=\"log-level=DEBUG\"\n", "level=INFO msg=\"log-level=DEBUG\""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := lastLines(test.log); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}
