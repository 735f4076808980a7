package limits

import (
	"fmt"
	"testing"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

func TestNothingIsRememberedOfRequestsThatHaveEnded(t *testing.T) {
	l := NewTaskLimiter(1, 0)
	key := func(n int) execution.Key { return execution.Key{Node: fmt.Sprint(n)} }
	for n := range 100 {
		leave, err := l.Enter(t.Context(), key(n))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := l.Enter(t.Context(), key(n)); Exceeded(err) != execution.RequestsPerTask {
			t.Errorf("%d: a second: got %v", n, err)
		}
		leave()
	}
	if n := len(l.gates); n != 0 {
		t.Errorf("%d gates are left", n)
	}
}
