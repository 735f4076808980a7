package route_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/batch-job-controller/batch-job-controller/controller/route"
)

const serviceAccountToken = "eyJhbGciOiJSUzI1NiIsImtpZCI6IngifQ.eyJhdWQiOlsiYmpjLm5zLm5hbWUiXX0.c2lnbmF0dXJlc2lnbmF0dXJlc2lnbmF0dXJl"

func TestRedact(t *testing.T) {
	token := ring("ns", "name", 1).Token(key)
	known, hidden := token[:len(token)-43], strings.Repeat("*", 43)
	password := base64.StdEncoding.EncodeToString([]byte("bjc:" + token))
	tests := map[string]struct{ text, want string }{
		"nothing to hide":            {text: "v1.32.1 of eyJ, v1.00000000.x", want: "v1.32.1 of eyJ, v1.00000000.x"},
		"a token alone":              {text: token, want: known + hidden},
		"a token in a URL":           {text: "POST http://10.0.0.1:8090/t/" + token + "/report/a", want: "POST http://10.0.0.1:8090/t/" + known + hidden + "/report/a"},
		"two tokens in a line":       {text: token + " " + token, want: known + hidden + " " + known + hidden},
		"a token cut short is none":  {text: token[:len(token)-1], want: token[:len(token)-1]},
		"what curl -v shows":         {text: "> Authorization: Basic " + password + "\r\n", want: "> Authorization: Basic YmpjOnYx" + strings.Repeat("*", len(password)-8) + "\r\n"},
		"a service account's":        {text: "Bearer " + serviceAccountToken + "\n", want: "Bearer " + serviceAccountToken[:38] + strings.Repeat("*", len(serviceAccountToken)-38) + "\n"},
		"bytes that are no text":     {text: "\x00\xff" + token + "\xff", want: "\x00\xff" + known + hidden + "\xff"},
		"a token in a JSON document": {text: `{"a":"` + token + `"}`, want: `{"a":"` + known + hidden + `"}`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := route.NewRedactor().RedactString(tt.text); got != tt.want {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
		})
	}
}

func TestRedactedStreams(t *testing.T) {
	token := ring("ns", "name", 1).Token(key)
	filler := strings.Repeat("some line of a log\n", 3000)
	text := filler + token + filler[:40000] + serviceAccountToken + "\n" + filler + token
	want := route.NewRedactor().RedactString(text)
	readers := map[string]func(io.Reader) io.Reader{
		"in one piece":                func(r io.Reader) io.Reader { return r },
		"byte by byte":                iotest.OneByteReader,
		"half of what was asked for":  iotest.HalfReader,
		"the end with the last bytes": iotest.DataErrReader,
	}
	for name, wrap := range readers {
		t.Run(name, func(t *testing.T) {
			got, err := io.ReadAll(route.NewRedactor().Reader(wrap(strings.NewReader(text))))
			if err != nil || string(got) != want {
				t.Errorf("got %d bytes, %v, want %d", len(got), err, len(want))
			}
			if bytes.Contains(got, []byte(token[len(token)-43:])) {
				t.Error("the token is still there")
			}
		})
	}
}

func TestAStreamThatBreaksStaysBroken(t *testing.T) {
	for name, broken := range map[string]error{
		"by an error":          errors.New("broken"),
		"before its end":       io.ErrUnexpectedEOF,
		"and somebody says so": fmt.Errorf("the body: %w", io.ErrUnexpectedEOF),
	} {
		t.Run(name, func(t *testing.T) {
			got, err := io.ReadAll(route.NewRedactor().Reader(io.MultiReader(strings.NewReader("text"), iotest.ErrReader(broken))))
			if !errors.Is(err, broken) || len(got) > 0 {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
}

// FuzzRedact compares a stream that comes in pieces with the text as a whole.
func FuzzRedact(f *testing.F) {
	token := ring("ns", "name", 1).Token(key)
	f.Add([]byte("a"+token+"b"), 7)
	f.Add([]byte(serviceAccountToken+" YmpjOnYx"), 1)
	f.Add([]byte("v1.00000000.20261124034200."+strings.Repeat("v1.00000000.20261124034200.a.", 20)), 3)
	f.Fuzz(func(t *testing.T, text []byte, piece int) {
		want := route.NewRedactor().Redact(bytes.Clone(text))
		if len(want) != len(text) {
			t.Fatalf("%d bytes became %d", len(text), len(want))
		}
		got, err := io.ReadAll(route.NewRedactor().Reader(&pieces{text: text, length: 1 + max(piece, 0)%4096}))
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("in pieces: %q, %v\nas a whole: %q", got, err, want)
		}
	})
}

// pieces is read a few bytes at a time.
type pieces struct {
	text   []byte
	length int
}

func (p *pieces) Read(into []byte) (int, error) {
	if len(p.text) == 0 {
		return 0, io.EOF
	}
	n := copy(into[:min(len(into), p.length)], p.text)
	p.text = p.text[n:]
	return n, nil
}

func BenchmarkRedact(b *testing.B) {
	text := bytes.Repeat([]byte("some line of a log, version v1.32.0\n"), 1<<15)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if _, err := io.Copy(io.Discard, route.NewRedactor().Reader(bytes.NewReader(text))); err != nil {
			b.Fatal(err)
		}
	}
}
