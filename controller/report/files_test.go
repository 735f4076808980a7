package report

import (
	"errors"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

func TestNamesThatAreKept(t *testing.T) {
	for name, in := range map[string]string{
		"a plain name":                      "report.txt",
		"capitals, digits, other signs":     "Report_2026-01-02.tar.gz",
		"F11 the longest name":              strings.Repeat("a", 120),
		"two dots inside":                   "a..b",
		"F17 latest":                        "latest",
		"F17 the report of the execution":   "execution.json",
		"F14 the name of a result":          "node2.json",
		"spaces":                            "my report.txt",
		"plus signs":                        "c++.log",
		"an umlaut":                         "Gerät.log",
		"another script":                    "отчёт.txt",
		"brackets and other signs":          "a (1) [x] {y} #2 & 'z' = 50%, $1!.txt",
		"a tilde at the end":                "notes.txt~",
		"a tilde and no hash":               "a~1a2b3c.txt",
		"F7 a hyphen in front":              "-rf", // after the node's name it is not an option
		"F7 a dot in front":                 ".hidden",
		"F7 a space in front":               " lead.txt",
		"F8 an emoji":                       "\U0001f600.png",
		"F12 a device":                      "CON", // after the node's name it is not a device
		"F12 a device with an extension":    "aux.txt",
		"F17 a temporary file":              ".tmp-1",
		"an accent that has no composition": "x\u0301.txt",
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
	for name, test := range map[string]struct{ in, want string }{
		"a time":                      {"sos-2026-11-28T03:42:00.tar", "sos-2026-11-28T03%3A42%3A00.tar"},
		"not supported by Windows":    {`a*b?"<c>|.txt`, "a%2Ab%3F%22%3Cc%3E%7C.txt"},
		"looks encoded":               {"sos%3A.tar", "sos%253A.tar"},
		"F2 encoded twice":            {"%2e%2e%2fx.txt", "%252e%252e%252fx.txt"},
		"F7 trailing space":           {"trail.txt ", "trail.txt%20"},
		"F7 trailing dot":             {"trail.txt.", "trail.txt%2E"},
		"F7 only spaces":              {"   ", "  %20"},
		"F8 right-to-left override":   {"a\u202etxt.exe", "a%E2%80%AEtxt.exe"},
		"F8 zero-width space":         {"a\u200bb.txt", "a%E2%80%8Bb.txt"},
		"F8 a no-break space":         {"a\u00a0b.txt", "a%C2%A0b.txt"},
		"F9 a combining accent":       {"cafe\u0301.txt", "cafe%CC%81.txt"},
		"F9 a sign for a letter":      {"\u212b.txt", "%E2%84%AB.txt"},
		"F9 jamo":                     {"\u1100\u1161.txt", "\u1100%E1%85%A1.txt"},
		"F10 invalid UTF-8":           {"a\xff.txt", "a%FF.txt"},
		"a tilde and a hash":          {"a~0123456789ab.txt", "a%7E0123456789ab.txt"},
		"F11 one byte too long":       {strings.Repeat("a", 117) + ".txt", strings.Repeat("a", 103) + "~c107a46bcae6.txt"},
		"F11 255 bytes":               {strings.Repeat("a", 255), strings.Repeat("a", 107) + "~0e2d9c2c1c1f"},
		"too long within an escape":   {strings.Repeat("a", 105) + strings.Repeat(":", 9), strings.Repeat("a", 105) + "~"},
		"too long within a character": {strings.Repeat("a", 106) + strings.Repeat("é", 9), strings.Repeat("a", 106) + "~"},
		"an extension that is long":   {strings.Repeat("a", 120) + ".aaaaaaaaaaaaaaaaa", strings.Repeat("a", 107) + "~"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := safeName(test.in)
			if err != nil {
				t.Fatalf("safeName(%q): %v", test.in, err)
			}
			want := test.want
			if before, _, isCut := strings.Cut(want, "~"); isCut {
				want = before + "~" + hash(test.in) + extension(test.in)
			}
			if got != want || len(got) > maxFileName {
				t.Errorf("safeName(%q) = %q, want %q", test.in, got, want)
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

// Two names are two files, whatever is encoded.
func TestTwoNamesAreTwoFiles(t *testing.T) {
	long := strings.Repeat("a", 200)
	names := []string{
		"ab:c", "ab_c", "ab%3Ac", "ab%3ac", "ab%253Ac", "a%b", "a%25b", "%:", "%%3A", "%2:", "%2%3A",
		"caf\u00e9.txt", "cafe\u0301.txt", "caf%CC%81.txt", "cafe%CC%81.txt", "\u212b", "\u00c5", "A\u030a",
		"a\xff", "a%FF", "a\u00ff", "a ", "a%20", "a.", "a%2E",
		long, long + "a", long + ".txt", long[:107] + "~" + hash(long), long[:107] + "%7E" + hash(long),
		strings.Repeat(":", 100), strings.Repeat("%3A", 100),
	}
	seen := map[string]string{}
	for _, name := range names {
		got, err := safeName(name)
		if err != nil {
			t.Fatalf("%q: %v", name, err)
		}
		if other, twice := seen[got]; twice {
			t.Errorf("%q and %q are both %q", name, other, got)
		}
		seen[got] = name
	}
}

func TestGeneratedNames(t *testing.T) {
	for name, test := range map[string]struct{ contentType, wantExtension string }{
		"F13 no type":         {"", ""},
		"text":                {"text/plain; charset=utf-8", ".txt"},
		"JSON, in capitals":   {"Application/JSON", ".json"},
		"anything":            {"application/octet-stream", ".bin"},
		"the default of curl": {"application/x-www-form-urlencoded", ""},
		"nonsense":            {"../../x", ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := GeneratedName(test.contentType)
			want := regexp.MustCompile(`^[0-9a-f-]{36}` + regexp.QuoteMeta(test.wantExtension) + `$`)
			if !want.MatchString(got) {
				t.Errorf("GeneratedName(%q) = %q", test.contentType, got)
			}
			if again := GeneratedName(test.contentType); again == got {
				t.Errorf("%q twice", got)
			}
		})
	}
}

func FuzzSafeName(f *testing.F) {
	for _, seed := range []string{"a.txt", "../x", "CON", "\xff", "a\u202eb", " ", ".", "a:b", "%3a", "a~0123456789ab", "e\u0301", strings.Repeat("a", 200) + ".gz"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		got, err := safeName(name)
		if err != nil || name == "" { // which gets a generated one
			return
		}
		if len(got) > maxFileName || !utf8.ValidString(got) || !norm.NFC.IsNormalString(got) || strings.ContainsFunc(got, func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Errorf("safeName(%q) = %q", name, got)
		}
		if last := got[len(got)-1]; strings.ContainsAny(got, `/\:*?"<>|`) || last == ' ' || last == '.' {
			t.Errorf("safeName(%q) = %q, which not every file system supports", name, got)
		}
		if back, err := url.PathUnescape(onlyEscapes(got)); !strings.Contains(got, cut) && (err != nil || back != name) {
			t.Errorf("safeName(%q) = %q, which leads back to %q, %v", name, got, back, err)
		}
	})
}

// onlyEscapes has url.PathUnescape leave alone what is no escape.
func onlyEscapes(name string) string {
	var b strings.Builder
	for i := range len(name) {
		if name[i] == '%' && !isEscape(name[i:]) {
			b.WriteString("%25")
		} else {
			b.WriteByte(name[i])
		}
	}
	return b.String()
}
