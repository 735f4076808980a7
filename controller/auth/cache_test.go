package auth

import (
	"context"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/utils/clock"
)

func TestAnswersAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newReviewCache[int](clock.RealClock{})
		for i := range maxCached + 10 {
			_, err := c.Get(t.Context(), c.Key(strconv.Itoa(i)), func(context.Context) (int, time.Duration, error) { return i, time.Hour, nil })
			if err != nil {
				t.Fatal(err)
			}
		}
		if got := len(c.entries); got != maxCached {
			t.Errorf("%d answers are kept, want %d", got, maxCached)
		}
		time.Sleep(time.Hour)
		if _, err := c.Get(t.Context(), c.Key("x"), func(context.Context) (int, time.Duration, error) { return 0, time.Hour, nil }); err != nil {
			t.Fatal(err)
		}
		if got := len(c.entries); got != 1 {
			t.Errorf("%d answers are kept, want the only one that is still good", got)
		}
	})
}
