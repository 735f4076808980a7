package report

import (
	"errors"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

func TestNamesThatAreKept(t *testing.T) {
	for name, in := range map[string]string{
		"a plain name":                    "report.txt",
		"capitals, digits, other signs":   "Report_2026-01-02.tar.gz",
		"F11 the longest name":            strings.Repeat("a", 120),
		"two dots inside":                 "a..b",
		"F17 latest":                      "latest",
		"F17 the report of the execution": "execution.json",
		"F14 the name of a result":        "node2.json",
		"begins like a device":            "console.txt",
	} {
		t.Run(name, func(t *testing.T) {
			got, err := safeName(in)
			if got != in || err != nil {
				t.Errorf("safeName(%q) = %q, %v", in, got, err)
			}
		})
	}
}

func TestNamesThatAreReplaced(t *testing.T) {
	for name, test := range map[string]struct{ in, wantExtension string }{
		"F2 encoded twice":            {"%2e%2e%2fx.txt", ".txt"},
		"F7 leading hyphen":           {"-rf", ""},
		"F7 leading dot":              {".hidden", ""},
		"F7 leading space":            {" lead.txt", ".txt"},
		"F7 trailing space":           {"trail.txt ", ".txt"},
		"F7 trailing dot":             {"trail.txt.", ".txt"},
		"F7 only spaces":              {"   ", ""},
		"F8 right-to-left override":   {"a\u202etxt.exe", ".exe"},
		"F8 zero-width space":         {"a\u200bb.txt", ".txt"},
		"F8 homoglyph":                {"p\u0430ypal.txt", ".txt"},
		"F8 emoji":                    {"\U0001f600.png", ".png"},
		"F9 composed":                 {"caf\u00e9.txt", ".txt"},
		"F10 invalid UTF-8":           {"a\xff.txt", ".txt"},
		"F11 one byte too long":       {strings.Repeat("a", 117) + ".txt", ".txt"},
		"F11 255 bytes":               {strings.Repeat("a", 255), ""},
		"F11 256 bytes":               {strings.Repeat("a", 256), ""},
		"F11 4096 bytes":              {strings.Repeat("a", 4096), ""},
		"F12 a device":                {"CON", ""},
		"F12 a device with extension": {"aux.txt", ".txt"},
		"F12 a numbered device":       {"com1.log", ".log"},
		"F17 a temporary file":        {".tmp-1", ""},
		"a space inside":              {"my report.csv", ".csv"},
		"an extension that is long":   {"-a.aaaaaaaaaaaaaaaaa", ""},
		"an extension with signs":     {"-a.t~t", ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := safeName(test.in)
			if err != nil {
				t.Fatalf("safeName(%q): %v", test.in, err)
			}
			want := regexp.MustCompile(`^file-[0-9a-f]{12}` + regexp.QuoteMeta(test.wantExtension) + `$`)
			if !want.MatchString(got) {
				t.Errorf("safeName(%q) = %q, want %s", test.in, got, want)
			}
		})
	}
}

func TestNamesThatAreRefused(t *testing.T) {
	for name, in := range map[string]string{
		"F1 up and away":             "/../../../x",
		"F1 up":                      "../x",
		"F1 the directory above":     "..",
		"F1 the directory":           ".",
		"F3 up, for Windows":         `..\..\x`,
		"F3 a drive":                 `C:\x`,
		"F3 a drive without a slash": "C:x",
		"F3 a share":                 `\\srv\s`,
		"F4 an absolute path":        "/etc/cron.d/x",
		"F5 NUL":                     "a\x00.txt",
		"F6 a new line":              "a\r\nb",
		"F6 a tab":                   "a\tb",
		"F6 escape":                  "a\x1b[31m",
		"F6 delete":                  "a\x7f",
		"F6 a C1 control character":  "a\u0085b",
		"F19 decoded to a path":      "../x",
		"F24 a part with a path":     "../x",
		"a path below":               "sub/x",
	} {
		t.Run(name, func(t *testing.T) {
			got, err := safeName(in)
			var invalid *execution.InvalidError
			if !errors.As(err, &invalid) || got != "" {
				t.Errorf("safeName(%q) = %q, %v, want an InvalidError", in, got, err)
			}
		})
	}
}

func TestTheSameNameIsTheSameFile(t *testing.T) {
	composed, _ := safeName("caf\u00e9.txt")
	decomposed, _ := safeName("cafe\u0301.txt")
	if composed != decomposed {
		t.Errorf("composed %q, decomposed %q", composed, decomposed)
	}
	if other, _ := safeName("caf\u00e8.txt"); other == composed {
		t.Errorf("two names are both %q", other)
	}
}

func TestGeneratedNames(t *testing.T) {
	for name, test := range map[string]struct{ contentType, wantExtension string }{
		"F13 no type":       {"", ""},
		"text":              {"text/plain; charset=utf-8", ".txt"},
		"JSON, in capitals": {"Application/JSON", ".json"},
		"anything":          {"application/octet-stream", ".bin"},
		"what curl says":    {"application/x-www-form-urlencoded", ""},
		"nonsense":          {"../../x", ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := GeneratedName(test.contentType)
			want := regexp.MustCompile(`^[0-9a-f-]{36}` + regexp.QuoteMeta(test.wantExtension) + `$`)
			if !want.MatchString(got) || !isPlain(got) {
				t.Errorf("GeneratedName(%q) = %q", test.contentType, got)
			}
			if again := GeneratedName(test.contentType); again == got {
				t.Errorf("%q twice", got)
			}
		})
	}
}

func FuzzSafeName(f *testing.F) {
	for _, seed := range []string{"a.txt", "../x", "CON", "\xff", "a\u202eb", " ", ".", strings.Repeat("a", 200) + ".gz"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		got, err := safeName(name)
		if err != nil {
			return
		}
		if !isPlain(got) || !utf8.ValidString(got) {
			t.Errorf("safeName(%q) = %q", name, got)
		}
		if again, err := safeName(got); again != got || err != nil {
			t.Errorf("safeName(%q) = %q, %v", got, again, err)
		}
	})
}
