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
		"one claim and no limit gets what it wants":     {claims: []Claim{{Want: 10}}, want: []int{10}},
		"several and no limit get what they want":       {claims: []Claim{{Want: 10}, {Want: 1000}}, want: []int{10, 1000}},
		"one claim gets no more than the limit":         {limit: 4, claims: []Claim{{Want: 10}}, want: []int{4}},
		"alone":                                         {limit: 30, claims: []Claim{{Want: 10}}, want: []int{10}},
		"a limit that suffices binds none":              {limit: 30, claims: []Claim{{Want: 10}, {Want: 20}}, want: []int{10, 20}},
		"a small want is served in full":                {limit: 30, claims: []Claim{{Name: "a", Want: 5}, {Name: "b", Want: 40}}, want: []int{5, 25}},
		"equal wants get equal parts":                   {limit: 9, claims: []Claim{{Name: "b", Want: 9}, {Name: "a", Want: 9}, {Name: "c", Want: 9}}, want: []int{3, 3, 3}},
		"the rest goes to those that waited longest":    {limit: 11, claims: []Claim{{Name: "a", Want: 9}, {Name: "b", Want: 9, Waited: 2}, {Name: "c", Want: 30, Waited: 1}}, want: []int{3, 4, 4}},
		"the rest goes to the first by name":            {limit: 10, claims: []Claim{{Name: "b", Want: 9}, {Name: "a", Want: 9}, {Name: "c", Want: 9}}, want: []int{3, 4, 3}},
		"a claim of nothing takes nothing":              {limit: 10, claims: []Claim{{Name: "a"}, {Name: "b", Want: 20}}, want: []int{0, 10}},
		"a newcomer waits for what is in use":           {limit: 30, claims: []Claim{{Name: "a", Have: 30, Want: 40, Least: 30}, {Name: "b", Want: 40}}, want: []int{30, 0}},
		"what is no longer in use is given back":        {limit: 30, claims: []Claim{{Name: "a", Have: 30, Want: 40, Least: 29}, {Name: "b", Want: 40}}, want: []int{29, 0}},
		"a newcomer gets what has come back":            {limit: 30, claims: []Claim{{Name: "a", Have: 29, Want: 40, Least: 29}, {Name: "b", Want: 40}}, want: []int{29, 1}},
		"equal parts in the end":                        {limit: 30, claims: []Claim{{Name: "a", Have: 15, Want: 40, Least: 15}, {Name: "b", Want: 40}}, want: []int{15, 15}},
		"one that ended leaves its share to the others": {limit: 10, claims: []Claim{{Name: "a", Have: 5, Want: 10}, {Name: "b"}}, want: []int{10, 0}},
		"a higher priority is served first":             {limit: 30, claims: []Claim{{Name: "a", Have: 30, Want: 40}, {Name: "b", Want: 20, Priority: 5}}, want: []int{10, 0}},
		"and takes nothing that is in use":              {limit: 30, claims: []Claim{{Name: "a", Have: 30, Want: 40, Least: 30}, {Name: "b", Want: 20, Priority: 5}}, want: []int{30, 0}},
		"and gets what is freed":                        {limit: 30, claims: []Claim{{Name: "a", Have: 28, Want: 40, Least: 28}, {Name: "b", Want: 20, Priority: 5}, {Name: "c", Want: 5, Waited: 9}}, want: []int{28, 2, 0}},
		"a lower one waits, by design":                  {limit: 10, claims: []Claim{{Name: "a", Want: 10, Priority: 5}, {Name: "b", Want: 10, Waited: 99}}, want: []int{10, 0}},
		"a slot that is freed is given back":            {limit: 2, claims: []Claim{{Name: "a", Have: 1, Want: 9}, {Name: "b", Have: 1, Want: 9, Least: 1}, {Name: "c", Want: 9, Waited: 7}}, want: []int{0, 1, 0}},
		"and goes to the one that waits":                {limit: 2, claims: []Claim{{Name: "a", Want: 9}, {Name: "b", Have: 1, Want: 9, Least: 1}, {Name: "c", Want: 9, Waited: 7}}, want: []int{0, 1, 1}},
		"a limit that was lowered raises none":          {limit: 10, claims: []Claim{{Name: "a", Have: 20, Want: 20, Least: 20}, {Name: "b", Have: 10, Want: 10, Least: 3}, {Name: "c", Want: 3}}, want: []int{20, 3, 0}},
		"a paused one keeps what is in use":             {limit: 30, claims: []Claim{{Name: "a", Have: 4, Want: 4, Least: 4}, {Name: "b", Want: 40}}, want: []int{4, 26}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Divide(tt.limit, tt.claims); !slices.Equal(got, tt.want) {
				t.Errorf("Divide(%d, %+v) = %v, want %v", tt.limit, tt.claims, got, tt.want)
			}
		})
	}
}

// TestDivideKeepsTheLimit lets executions open, close, use slots and apply their shares in
// any order, and compares the sum of what they have with the limit after each step.
func TestDivideKeepsTheLimit(t *testing.T) {
	for seed := range uint64(2000) {
		random := rand.New(rand.NewPCG(seed, 0))
		limit := 1 + random.IntN(30)
		claims := make([]Claim, 1+random.IntN(6))
		for i := range claims {
			claims[i].Name = string(rune('a' + i))
		}
		for range 40 {
			c := &claims[random.IntN(len(claims))]
			switch random.IntN(4) {
			case 0:
				c.Want, c.Priority, c.Waited = random.IntN(20), random.IntN(3), random.Int64N(5)
			case 1:
				c.Least = random.IntN(c.Have + 1)
			case 2:
				*c = Claim{Name: c.Name} // it has closed
			}
			shares := Divide(limit, claims)
			checkShares(t, seed, limit, claims, shares)
			for i, share := range shares {
				if random.IntN(2) == 0 {
					claims[i].Have = share
				}
			}
			if got := inUse(claims); got > limit {
				t.Fatalf("seed %d: %d slots in use, limit %d: %+v", seed, got, limit, claims)
			}
		}
		for i := range claims {
			claims[i].Least = 0
		}
		// After all have applied their shares, no slot that one wants is unused. They do so
		// twice, because some shares grow only after others have shrunk.
		wanted := 0
		for range 2 {
			for i, share := range Divide(limit, claims) {
				claims[i].Have = share
			}
		}
		for _, c := range claims {
			wanted += c.Want
		}
		if got, want := inUse(claims), min(limit, wanted); got != want {
			t.Fatalf("seed %d: %d slots in use in the end, want %d: %+v", seed, got, want, claims)
		}
	}
}

// checkShares checks each share by itself, and that none is raised beyond its part.
func checkShares(t *testing.T, seed uint64, limit int, claims []Claim, shares []int) {
	t.Helper()
	parts := divideParts(limit, claims)
	for i, share := range shares {
		c := claims[i]
		if share < c.Least || share > max(c.Want, c.Least) || share > c.Have && share > parts[i] {
			t.Fatalf("seed %d: share %d and part %d of %+v", seed, share, parts[i], c)
		}
		for j, other := range claims {
			if share > c.Have && c.Priority < other.Priority && shares[j] < parts[j] {
				t.Fatalf("seed %d: %+v is raised to %d, and %+v of a higher priority has %d of %d", seed, c, share, other, shares[j], parts[j])
			}
		}
	}
}

// TestDivideGivesTurns has more equal claims than slots. Whichever tasks end, each claim gets
// a slot within as many ends as there are claims.
func TestDivideGivesTurns(t *testing.T) {
	for seed := range uint64(500) {
		random := rand.New(rand.NewPCG(seed, 0))
		limit := 1 + random.IntN(5)
		claims := make([]Claim, limit+1+random.IntN(6))
		for i := range claims {
			claims[i] = Claim{Name: string(rune('a' + i)), Want: 9}
		}
		waited := make([]int, len(claims)) // ends without a slot
		giveTurns(limit, claims)
		for range 20 * len(claims) {
			i := random.IntN(len(claims))
			for claims[i].Least == 0 {
				i = (i + 1) % len(claims)
			}
			claims[i].Least--
			giveTurns(limit, claims)
			for i, c := range claims {
				if waited[i]++; c.Least > 0 {
					waited[i] = 0
				}
				if waited[i] > len(claims) {
					t.Fatalf("seed %d: %s has waited for %d ends, limit %d, %d claims", seed, c.Name, waited[i], limit, len(claims))
				}
			}
			if inUse(claims) != limit {
				t.Fatalf("seed %d: %d slots in use, limit %d: %+v", seed, inUse(claims), limit, claims)
			}
		}
	}
}

// giveTurns has all claims apply their shares, first those that shrink, and use them.
func giveTurns(limit int, claims []Claim) {
	for range 2 {
		for i, share := range Divide(limit, claims) {
			claims[i].Have = share
			if share > claims[i].Least {
				claims[i].Waited = -1
			}
			claims[i].Least = share
		}
	}
	for i := range claims {
		claims[i].Waited++
	}
}

func inUse(claims []Claim) (n int) {
	for _, c := range claims {
		n += c.Have
	}
	return n
}
