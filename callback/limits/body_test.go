package limits

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// noConnection has no deadlines.
type noConnection struct{}

func (noConnection) SetReadDeadline(time.Time) error { return nil }

// How a body ends decides the response to the client.
func TestHowABodyEnds(t *testing.T) {
	beyond := errors.New("beyond the ration")
	tests := map[string]struct {
		from   error // after four bytes
		ration int64

		wantRead   int
		wantBroken error // nil: it is complete
		wantLimit  execution.Limit
	}{
		"complete":               {from: io.EOF, ration: 5, wantRead: 4},
		"too large":              {from: &http.MaxBytesError{Limit: 4}, ration: 5, wantRead: 4, wantBroken: execution.ErrTooLarge, wantLimit: execution.ResultSize},
		"too slow":               {from: os.ErrDeadlineExceeded, ration: 5, wantRead: 4, wantBroken: ErrSlow, wantLimit: execution.BodyDeadline},
		"cut off":                {from: io.ErrUnexpectedEOF, ration: 5, wantRead: 4, wantBroken: ErrBroken},
		"more than it may":       {from: io.EOF, ration: 3, wantRead: 3, wantBroken: beyond},
		"all it may, and no end": {from: io.EOF, ration: 4, wantRead: 4, wantBroken: beyond},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			from := io.MultiReader(strings.NewReader("text"), iotest.ErrReader(tt.from))
			b := NewBody(from, Size{Limit: execution.ResultSize, Bytes: 4}, noConnection{}, ReadBudget{Grace: time.Minute}, time.Now)
			b.Ration(tt.ration, beyond)
			text, err := io.ReadAll(b)
			if len(text) != tt.wantRead || b.Received() != int64(tt.wantRead) || !errors.Is(err, tt.wantBroken) {
				t.Errorf("read %d of %d bytes, %v, want %d, %v", len(text), b.Received(), err, tt.wantRead, tt.wantBroken)
			}
			if broken := b.Broken(); !errors.Is(broken, tt.wantBroken) || Exceeded(broken) != tt.wantLimit {
				t.Errorf("broken: got %v, limit %q, want %v, %q", broken, Exceeded(broken), tt.wantBroken, tt.wantLimit)
			}
			if complete := errors.Is(b.Ended(), io.EOF); complete != (tt.wantBroken == nil) {
				t.Errorf("ended: got %v", b.Ended())
			}
		})
	}
}

func TestBodyCanBeReadAgain(t *testing.T) {
	const kept = 1 << 20
	tests := map[string]struct {
		size, first int // of the body; how much is read before it is rewound
		want        bool
	}{
		"nothing was read":   {size: 10, want: true},
		"half of it":         {size: 10, first: 5, want: true},
		"all of it":          {size: 10, first: 10, want: true},
		"as much as is kept": {size: kept, first: kept, want: true},
		"more than is kept":  {size: kept + 1, first: kept + 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			text := bytes.Repeat([]byte("0123456789"), tt.size/10+1)[:tt.size]
			b := NewBody(bytes.NewReader(text), Size{Bytes: 1 << 30}, noConnection{}, ReadBudget{Grace: time.Minute}, time.Now)
			b.Keep(kept)
			if _, err := io.ReadFull(b, make([]byte, tt.first)); err != nil {
				t.Fatal(err)
			}
			if got := b.Rewind(); got != tt.want {
				t.Fatalf("Rewind: got %t, want %t", got, tt.want)
			}
			if !tt.want {
				return
			}
			if got, err := io.ReadAll(b); err != nil || !bytes.Equal(got, text) {
				t.Errorf("again: got %d bytes, %v, want all %d", len(got), err, tt.size)
			}
			if _, err := b.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
				t.Errorf("the end: got %v", err)
			}
		})
	}
}
