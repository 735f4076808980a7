package route_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/batch-job-controller/batch-job-controller/controller/route"
)

// knows is a controller with one key, and one issuer and audience.
type knows struct{ ring route.Keyring }

func (k knows) IsToken(token string) bool { _, err := k.ring.Verify(token); return err == nil }

func (k knows) IsJWT(claims []byte) bool { return string(claims) == ourClaims }

const (
	ourClaims = "eyJhdWQiOlsiYmpjLm5zLm5hbWUiXX0"
	header    = "eyJhbGciOiJSUzI1NiIsImtpZCI6IngifQ"
	signature = "c2lnbmF0dXJlc2lnbmF0dXJlc2lnbmF0dXJl"
	ourJWT    = header + "." + ourClaims + "." + signature
)

func redactor() *route.Redactor { return route.NewRedactor(knows{ring("ns", "name", 1)}) }

func TestRedact(t *testing.T) {
	token := ring("ns", "name", 1).Token(key)
	known, hidden := token[:len(token)-43], strings.Repeat("*", 43)
	password := base64.StdEncoding.EncodeToString([]byte("bjc:" + token))
	// Where the rest of a credential is the same for all, a hash distinguishes it.
	jwtMark := fmt.Sprintf("%x", sha256.Sum256([]byte(ourJWT[len(header)+len(".eyJ"):])))[:12]
	redactedJWT := header + ".eyJ" + jwtMark + strings.Repeat("*", len(ourJWT)-len(header)-len(".eyJ")-len(jwtMark))
	tests := map[string]struct {
		text, want string
		redacted   int
	}{
		"a token alone":                 {text: token, want: known + hidden, redacted: 1},
		"a token in a URL":              {text: "POST http://10.0.0.1:8090/t/" + token + "/report/a", want: "POST http://10.0.0.1:8090/t/" + known + hidden + "/report/a", redacted: 1},
		"two tokens in a line":          {text: token + " " + token, want: known + hidden + " " + known + hidden, redacted: 2},
		"a token with letters behind":   {text: token + "xyz", want: known + hidden + "xyz", redacted: 1},
		"a token behind half a token":   {text: "v1.00000000.20261124034200." + token, want: "v1.00000000.20261124034200." + known + hidden, redacted: 1},
		"a service account's":           {text: "Bearer " + ourJWT + "\n", want: "Bearer " + redactedJWT + "\n", redacted: 1},
		"bytes that are no text":        {text: "\x00\xff" + token + "\xff", want: "\x00\xff" + known + hidden + "\xff", redacted: 1},
		"a token in a JSON document":    {text: `{"a":"` + token + `"}`, want: `{"a":"` + known + hidden + `"}`, redacted: 1},
		"a JWT between others":          {text: header + "." + ourJWT + "." + header, want: header + "." + redactedJWT + "." + header, redacted: 1},
		"nothing to hide":               {text: "v1.32.1 of eyJ, v1.00000000.x"},
		"a token cut short is none":     {text: token[:len(token)-1]},
		"a token that is made up":       {text: "v1.0a1b2c3d.20261128034200.node-1." + strings.Repeat("A", 43)},
		"a token with another MAC":      {text: known + strings.Repeat("A", 43)},
		"the token of another key":      {text: ring("ns", "name", 2).Token(key)},
		"the token of another one":      {text: ring("ns", "other", 1).Token(key)},
		"the JWT of someone else":       {text: header + ".eyJpc3MiOiJodHRwczovL2V4YW1wbGUuY29tIn0." + signature},
		"a password that is not ours":   {text: base64.StdEncoding.EncodeToString([]byte("bjc:v1.0a1b2c3d.20261128034200.node-1." + strings.Repeat("A", 43)))},
		"a JWT that has no signature":   {text: header + "." + ourClaims + "."},
		"a JWT of a signature too long": {text: header + "." + ourClaims + "." + strings.Repeat("s", 12<<10)},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if tt.want == "" {
				tt.want = tt.text
			}
			if got, redacted := redactor().RedactString(tt.text); got != tt.want || redacted != tt.redacted {
				t.Errorf("redacted %d\ngot  %q\nwant %d\n     %q", redacted, got, tt.redacted, tt.want)
			}
		})
	}
	for name, behind := range map[string]string{"": "", " and a line's end": "\r\n"} {
		t.Run("what curl -v shows"+name, func(t *testing.T) {
			got, redacted := redactor().RedactString("> Authorization: Basic " + password + behind)
			if redacted != 1 || strings.Contains(got, password[8:24]) || !strings.HasPrefix(got, "> Authorization: Basic YmpjOnYx") || !strings.HasSuffix(got, "***"+password[len(strings.TrimRight(password, "=")):]+behind) {
				t.Errorf("redacted %d: %q", redacted, got)
			}
		})
	}
}

// Redaction must not make one series of two with different labels.
func TestWhatDiffersStaysDifferent(t *testing.T) {
	other := key
	other.Node = "node-2"
	password := func(token string) string { return base64.StdEncoding.EncodeToString([]byte("bjc:" + token)) }
	for name, pair := range map[string][2]string{
		"in the signature":      {ourJWT, ourJWT[:len(ourJWT)-1] + "x"},
		"in the task":           {ring("ns", "name", 1).Token(key), ring("ns", "name", 1).Token(other)},
		"in the task, encoded":  {password(ring("ns", "name", 1).Token(key)), password(ring("ns", "name", 1).Token(other))},
		"in front of the token": {"a" + ourJWT, "b" + ourJWT},
	} {
		t.Run(name, func(t *testing.T) {
			first, one := redactor().RedactString(pair[0])
			second, another := redactor().RedactString(pair[1])
			if one != 1 || another != 1 || first == second {
				t.Errorf("redacted %d and %d:\n%s\n%s", one, another, first, second)
			}
		})
	}
}

// In a log every text that looks like a credential is redacted, without a proof.
func TestRedactForLog(t *testing.T) {
	token := ring("other", "name", 1).Token(key)
	for name, text := range map[string]string{
		"a token of whomever": token,
		"a JWT of whomever":   header + ".eyJpc3MiOiJodHRwczovL2V4YW1wbGUuY29tIn0." + signature,
		"a password":          base64.StdEncoding.EncodeToString([]byte("bjc:" + token)),
	} {
		t.Run(name, func(t *testing.T) {
			if got := route.RedactForLog("a " + text + " b"); strings.Contains(got, text[len(text)-20:]) || !strings.Contains(got, "****") {
				t.Errorf("got %q", got)
			}
		})
	}
	if got := route.RedactForLog("v1.32.1 of eyJ"); got != "v1.32.1 of eyJ" {
		t.Errorf("got %q", got)
	}
}

func TestRedactedStreams(t *testing.T) {
	token := ring("ns", "name", 1).Token(key)
	filler := strings.Repeat("some line of a log\n", 3000)
	text := filler + token + filler[:40000] + ourJWT + "\n" + filler + token
	want, redacted := redactor().RedactString(text)
	readers := map[string]func(io.Reader) io.Reader{
		"in one piece":                func(r io.Reader) io.Reader { return r },
		"byte by byte":                iotest.OneByteReader,
		"half of what was asked for":  iotest.HalfReader,
		"the end with the last bytes": iotest.DataErrReader,
	}
	for name, wrap := range readers {
		t.Run(name, func(t *testing.T) {
			r := redactor().Reader(wrap(strings.NewReader(text)))
			got, err := io.ReadAll(r)
			if err != nil || string(got) != want {
				t.Errorf("got %d bytes, %v, want %d", len(got), err, len(want))
			}
			if redacted != 3 || r.Redacted() != redacted {
				t.Errorf("redacted: got %d, and %d as a whole, want 3", r.Redacted(), redacted)
			}
			if bytes.Contains(got, []byte(token[len(token)-43:])) {
				t.Error("the token is still there")
			}
		})
	}
}

func TestAStreamThatBreaksStaysBroken(t *testing.T) {
	for name, broken := range map[string]error{
		"by an error":         errors.New("broken"),
		"before its end":      io.ErrUnexpectedEOF,
		"and its cause is so": fmt.Errorf("the body: %w", io.ErrUnexpectedEOF),
	} {
		t.Run(name, func(t *testing.T) {
			got, err := io.ReadAll(redactor().Reader(io.MultiReader(strings.NewReader("text"), iotest.ErrReader(broken))))
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
	f.Add([]byte(ourJWT+" YmpjOnYx"), 1)
	f.Add([]byte(base64.StdEncoding.EncodeToString([]byte("bjc:"+token))), 3)
	f.Add([]byte(strings.Repeat("x", 40<<10)+ourJWT+strings.Repeat("x", 12<<10)), 4095)
	f.Add([]byte(strings.Repeat("x", 20<<10)+ourJWT+strings.Repeat(".", 20<<10)), 4095)
	f.Add([]byte("v1.00000000.20261124034200."+strings.Repeat("v1.00000000.20261124034200.a.", 20)), 3)
	f.Fuzz(func(t *testing.T, text []byte, piece int) {
		want := bytes.Clone(text)
		redacted := redactor().Redact(want)
		if len(want) != len(text) {
			t.Fatalf("%d bytes became %d", len(text), len(want))
		}
		r := redactor().Reader(&pieces{text: text, length: 1 + max(piece, 0)%4096})
		got, err := io.ReadAll(r)
		if err != nil || !bytes.Equal(got, want) || r.Redacted() != redacted {
			t.Errorf("in pieces: %q, %v, %d redacted\nas a whole: %q, %d redacted", got, err, r.Redacted(), want, redacted)
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
		if _, err := io.Copy(io.Discard, redactor().Reader(bytes.NewReader(text))); err != nil {
			b.Fatal(err)
		}
	}
}
