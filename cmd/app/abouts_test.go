package app

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"github.com/batch-job-controller/batch-job-controller/callback/web"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

func TestWhatTheExecutionOfAReportIs(t *testing.T) {
	const id execution.ID = "20261128034200"
	tests := map[string]struct {
		about execution.About
		err   error

		want      web.About
		wantReads int // in two looks
	}{
		"of a NodeCronJob that exists":  {about: execution.About{NodeCronJob: "disk"}, want: web.About{NodeCronJob: "disk"}, wantReads: 1},
		"of a NodeCronJob that is gone": {about: execution.About{NodeCronJob: "dns"}, want: web.About{NodeCronJob: "dns", Gone: true}, wantReads: 1},
		"somebody asked for it": {
			about: execution.About{NodeCronJob: "disk", Reason: "a new disk", RequestedBy: "ada"},
			want:  web.About{NodeCronJob: "disk", Reason: "a new disk", RequestedBy: "ada"}, wantReads: 1,
		},
		"a damaged file has a longer reason than there is": {
			about: execution.About{NodeCronJob: "disk", Reason: strings.Repeat("x", 1<<20)},
			want:  web.About{NodeCronJob: "disk", Reason: strings.Repeat("x", 4<<10-3) + "…"}, wantReads: 1,
		},
		"of before that was stored": {err: fmt.Errorf("about: %w", fs.ErrNotExist), want: web.About{NodeCronJob: "check"}, wantReads: 2},
		"of a file that is damaged": {err: errors.New("invalid JSON"), wantReads: 2},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			reads := 0
			o := reportAbouts{
				about: func(execution.ID) (execution.About, error) {
					reads++
					return tt.about, tt.err
				},
				isGone: func(name string) bool { return name == "dns" }, byDefault: "check",
			}
			for range 2 {
				if got := o.of(id); got != tt.want {
					t.Errorf("got %+v, want %+v", got, tt.want)
				}
			}
			if reads != tt.wantReads {
				t.Errorf("it was read %d times, want %d", reads, tt.wantReads)
			}
		})
	}
}
