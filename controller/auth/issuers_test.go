package auth

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/utils/clock"

	"github.com/batch-job-controller/batch-job-controller/controller/testkit"
)

func TestIssuersFollowTheReplicasOwnToken(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	write := func(issuer string) {
		testkit.Must(t, os.WriteFile(file, []byte(jwt(`{"iss":"`+issuer+`","sub":"system:serviceaccount:ns:controller","aud":["https://api"]}`)), 0o600))
	}
	synctest.Test(t, func(t *testing.T) {
		issuers := NewIssuers(file, clock.RealClock{})
		for _, step := range []struct {
			what  string
			after time.Duration
			do    func()
			want  []string
		}{
			{what: "before there is a token", do: func() {}},
			{what: "with a token", after: issuerPause, do: func() { write("https://a") }, want: []string{"https://a"}},
			{what: "at once after the issuer was changed", do: func() { write("https://b") }, want: []string{"https://a"}},
			{what: "a minute after the issuer was changed", after: issuerPause, do: func() {}, want: []string{"https://a", "https://b"}},
			{what: "with a token that is broken", after: issuerPause, do: func() { testkit.Must(t, os.WriteFile(file, []byte("x"), 0o600)) }, want: []string{"https://a", "https://b"}},
		} {
			time.Sleep(step.after)
			step.do()
			if got := issuers.Known(); !slices.Equal(got, step.want) {
				t.Errorf("%s: got %q, want %q", step.what, got, step.want)
			}
		}
		if got := NewIssuers("", clock.RealClock{}).Known(); len(got) != 0 {
			t.Errorf("without a file: got %q", got)
		}
	})
}
