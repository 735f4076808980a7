package cli

import (
	"bytes"
	"testing"
)

func TestNewsAreSaidOnce(t *testing.T) {
	var out bytes.Buffer
	p := NewDedupPrinter(&out)
	for _, text := range []string{"one", "one", "two", "one"} {
		p.Print(text)
	}
	if got := out.String(); got != "one\ntwo\none\n" {
		t.Errorf("got %q", got)
	}
}

func TestDetailsAreSaidAgainIfTheyDiffer(t *testing.T) {
	var out bytes.Buffer
	p := NewDedupPrinter(&out)
	for _, said := range [][3]string{
		{"one", "", ""}, {"one", "  a: x", "a"}, {"one", "  a: y", "a"}, {"two", "  a: x", "a"}, {"two", "  b: x", "b"}, {"two", "", ""}, {"two", "  b: x", "b"},
	} {
		p.PrintWith(said[0], said[1], said[2])
	}
	if got, want := out.String(), "one\none\n  a: x\ntwo\ntwo\n  b: x\ntwo\n  b: x\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
