package execution

import (
	"strconv"
	"strings"
	"testing"
	"time"
)

func at(text string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		panic(err)
	}
	return t
}

func TestNewID(t *testing.T) {
	cases := map[string]struct {
		at   time.Time
		want ID
	}{
		"in UTC":                        {at: at("2026-03-04T05:06:07Z"), want: "20260304050607"},
		"east of it, the day before":    {at: at("2026-01-01T01:00:00+02:00"), want: "20251231230000"},
		"west of it":                    {at: at("2026-12-31T23:00:00-05:00"), want: "20270101040000"},
		"a fraction of a second is cut": {at: at("2026-03-04T05:06:07.999Z"), want: "20260304050607"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got := NewID(tc.at)
			if got != tc.want {
				t.Fatalf("got %s, want %s", got, tc.want)
			}
			if want := tc.at.UTC().Truncate(time.Second); !got.Time().Equal(want) {
				t.Errorf("Time %s, want %s", got.Time(), want)
			}
			if parsed, err := ParseID(string(got)); err != nil || parsed != got {
				t.Errorf("read as %q, %v", parsed, err)
			}
		})
	}
}

func TestParseIDRefuses(t *testing.T) {
	cases := map[string]string{
		"nothing":                     "",
		"too few digits":              "2026030405060",
		"too many digits":             "202603040506070",
		"the predecessor's minutes":   "202603040506",
		"a letter":                    "2026030405060x",
		"a sign":                      "+0260304050607",
		"a space":                     "2026030405060 ",
		"a month that does not exist": "20261304050607",
		"a day that does not exist":   "20260230050607",
		"an hour that does not exist": "20260304240607",
		"a leap second":               "20260304055960",
		"a path":                      "../../../../etc",
		"a fraction":                  "202603040506.7",
		"something very long":         strings.Repeat("2", 1<<20),
	}
	for name, text := range cases {
		t.Run(name, func(t *testing.T) {
			id, err := ParseID(text)
			if err == nil || id != "" {
				t.Fatalf("accepted as %q", id)
			}
			if len(err.Error()) > 200 {
				t.Errorf("error of %d bytes", len(err.Error()))
			}
		})
	}
}

func TestIDNext(t *testing.T) {
	cases := map[string]struct{ id, want ID }{
		"within a minute":             {id: "20260304050607", want: "20260304050608"},
		"over the end of a minute":    {id: "20260304050659", want: "20260304050700"},
		"over the end of an hour":     {id: "20260304055959", want: "20260304060000"},
		"over the end of a year":      {id: "20261231235959", want: "20270101000000"},
		"over the end of February":    {id: "20260228235959", want: "20260301000000"},
		"over the day of a leap year": {id: "20280228235959", want: "20280229000000"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got := tc.id.Next()
			if got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
			if got <= tc.id || got.Number() <= tc.id.Number() {
				t.Errorf("%s does not come after %s", got, tc.id)
			}
		})
	}
}

func TestIDNumberIsExact(t *testing.T) {
	for _, id := range []ID{"20260304050607", "20260304050608", "99991231235959", "00010101000000"} {
		if got := strconv.FormatFloat(id.Number(), 'f', 0, 64); got != strings.TrimLeft(string(id), "0") {
			t.Errorf("%s: Number %s", id, got)
		}
	}
}

func TestIDThatIsNone(t *testing.T) {
	id := ID("latest")
	if id.Number() != 0 || !id.Time().IsZero() {
		t.Errorf("Number %f, Time %s, want zeros", id.Number(), id.Time())
	}
}

func FuzzParseID(f *testing.F) {
	for _, seed := range []string{"20260304050607", "2026030405060.", "2026 304050607", "00000000000000", "99991231235959"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		id, err := ParseID(text)
		if err != nil {
			return
		}
		if NewID(id.Time()) != id || string(id) != text {
			t.Errorf("%q is read as %q, the time %s", text, id, id.Time())
		}
	})
}
