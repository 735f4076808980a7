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
		a := newAnswers[int](clock.RealClock{})
		for i := range maxAnswers + 10 {
			_, err := a.ask(t.Context(), a.question(strconv.Itoa(i)), func(context.Context) (int, time.Duration, error) { return i, time.Hour, nil })
			if err != nil {
				t.Fatal(err)
			}
		}
		if got := len(a.known); got != maxAnswers {
			t.Errorf("%d answers are kept, want %d", got, maxAnswers)
		}
		time.Sleep(time.Hour)
		if _, err := a.ask(t.Context(), a.question("x"), func(context.Context) (int, time.Duration, error) { return 0, time.Hour, nil }); err != nil {
			t.Fatal(err)
		}
		if got := len(a.known); got != 1 {
			t.Errorf("%d answers are kept, want the only one that is still good", got)
		}
	})
}
