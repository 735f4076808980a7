package slots

import (
	"math/rand/v2"
	"slices"
	"testing"
)

func TestDivide(t *testing.T) {
	for name, tt := range map[string]struct {
		limit  int
		claims []Claim
		want   []int
	}{
		"one definition and no limit gets what it wants": {claims: []Claim{{Want: 10}}, want: []int{10}},
		"several and no limit get what they want":        {claims: []Claim{{Want: 10}, {Want: 1000}}, want: []int{10, 1000}},
		"one definition gets no more than the limit":     {limit: 4, claims: []Claim{{Want: 10}}, want: []int{4}},
		"a limit that suffices binds none":               {limit: 30, claims: []Claim{{Want: 10}, {Want: 20}}, want: []int{10, 20}},
		"a small want is served in full":                 {limit: 20, claims: []Claim{{Definition: "a", Want: 100}, {Definition: "b", Want: 3}}, want: []int{17, 3}},
		"equal wants get equal parts":                    {limit: 9, claims: []Claim{{Definition: "b", Want: 9}, {Definition: "a", Want: 9}, {Definition: "c", Want: 9}}, want: []int{3, 3, 3}},
		"what does not divide goes to the first by name": {limit: 10, claims: []Claim{{Definition: "b", Want: 9}, {Definition: "a", Want: 9}, {Definition: "c", Want: 9}}, want: []int{3, 4, 3}},
		"one without an open execution takes nothing":    {limit: 10, claims: []Claim{{Definition: "a"}, {Definition: "b", Want: 20}}, want: []int{0, 10}},
		"a newcomer waits until another one has shrunk":  {limit: 10, claims: []Claim{{Definition: "a", Have: 10, Want: 10}, {Definition: "b", Want: 10}}, want: []int{5, 0}},
		"a newcomer gets what has come back":             {limit: 10, claims: []Claim{{Definition: "a", Have: 7, Want: 10}, {Definition: "b", Want: 10}}, want: []int{5, 3}},
		"one that ended leaves its share to the others":  {limit: 10, claims: []Claim{{Definition: "a", Have: 5, Want: 10}, {Definition: "b"}}, want: []int{10, 0}},
		"more in use than a limit that was lowered":      {limit: 4, claims: []Claim{{Definition: "a", Have: 10, Want: 10}, {Definition: "b", Have: 2, Want: 2}}, want: []int{2, 2}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Divide(tt.limit, tt.claims); !slices.Equal(got, tt.want) {
				t.Errorf("Divide(%d, %+v) = %v, want %v", tt.limit, tt.claims, got, tt.want)
			}
		})
	}
}

// TestDivideKeepsTheLimit lets definitions open, close and apply their shares in any
// order, and compares the sum of what they have with the limit after each step.
func TestDivideKeepsTheLimit(t *testing.T) {
	for seed := range uint64(2000) {
		random := rand.New(rand.NewPCG(seed, 0))
		limit := 1 + random.IntN(30)
		claims := make([]Claim, 1+random.IntN(6))
		for i := range claims {
			claims[i].Definition = string(rune('a' + i))
		}
		for range 40 {
			i := random.IntN(len(claims))
			if random.IntN(3) == 0 {
				claims[i].Want = random.IntN(20)
				if claims[i].Want == 0 {
					claims[i].Have = 0 // its execution has closed
				}
			}
			shares := Divide(limit, claims)
			for i, share := range shares {
				if share < 0 || share > claims[i].Want {
					t.Fatalf("seed %d: share %d of %+v", seed, share, claims[i])
				}
				if random.IntN(2) == 0 {
					claims[i].Have = share
				}
			}
			if got := inUse(claims); got > limit {
				t.Fatalf("seed %d: %d slots in use, limit %d: %+v", seed, got, limit, claims)
			}
		}
		// After all have applied their shares, no slot that a definition wants is unused.
		// They do so twice, because some shares grow only after others have shrunk.
		for range 2 {
			for i, share := range Divide(limit, claims) {
				claims[i].Have = share
			}
		}
		wanted := 0
		for _, c := range claims {
			wanted += c.Want
		}
		if got, want := inUse(claims), min(limit, wanted); got != want {
			t.Fatalf("seed %d: %d slots in use in the end, want %d: %+v", seed, got, want, claims)
		}
	}
}

func inUse(claims []Claim) (n int) {
	for _, c := range claims {
		n += c.Have
	}
	return n
}
