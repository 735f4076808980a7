package app

import (
	"errors"
	"fmt"
	"io/fs"
	"testing"

	"github.com/batch-job-controller/batch-job-controller/callback/web"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

func TestWhoseAReportIs(t *testing.T) {
	const id execution.ID = "20261128034200"
	tests := map[string]struct {
		about execution.About
		err   error

		want      web.Definition
		wantReads int // in two looks
	}{
		"of a NodeCronJob that exists":  {about: execution.About{NodeCronJob: "disk"}, want: web.Definition{Name: "disk"}, wantReads: 1},
		"of a NodeCronJob that is gone": {about: execution.About{NodeCronJob: "dns"}, want: web.Definition{Name: "dns", Gone: true}, wantReads: 1},
		"of before that was stored":     {err: fmt.Errorf("about: %w", fs.ErrNotExist), want: web.Definition{Name: "check"}, wantReads: 2},
		"of a file that is damaged":     {err: errors.New("invalid JSON"), wantReads: 2},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			reads := 0
			o := reportOwners{
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
