package timing

import (
	"testing"
	"time"
)

func TestEarliest(t *testing.T) {
	never, soon, late := time.Time{}, time.Unix(1, 0), time.Unix(2, 0)
	tests := map[string]struct{ a, b, want time.Time }{
		"neither is ever due":   {never, never, never},
		"only the first":        {soon, never, soon},
		"only the second":       {never, soon, soon},
		"the first is earlier":  {soon, late, soon},
		"the second is earlier": {late, soon, soon},
		"both at the same time": {soon, soon, soon},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := Earliest(tt.a, tt.b); !got.Equal(tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}
