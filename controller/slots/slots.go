package slots

import (
	"cmp"
	"slices"
)

// Claim is how many slots a definition has, and how many it could use.
type Claim struct {
	Definition string
	Have       int // slots that its open execution may use now; 0: no execution is open yet
	Want       int // podPoolSize while an execution is open or about to open, else 0
}

// Divide returns how many slots each definition may use from now on, in the order of the
// claims. A limit of 0 means no limit: each gets what it wants. With a limit, no slot that
// a definition wants stays unused, and no definition gets more than an equal part of what
// the others leave (max-min fairness).
//
// A share shrinks before another one grows. Divide returns a smaller share for a
// definition that has more than its part, but counts what the definition has until its
// claim says less. So if the claims are within the limit, the definitions are as well, at
// any moment in which some have applied their new shares and others have not.
func Divide(limit int, claims []Claim) []int {
	shares := make([]int, len(claims))
	if limit == 0 {
		for i, c := range claims {
			shares[i] = c.Want
		}
		return shares
	}
	free := limit
	for _, c := range claims {
		free -= c.Have
	}
	for i, part := range fairParts(limit, claims) {
		have := claims[i].Have
		grow := min(max(part-have, 0), max(free, 0))
		shares[i] = min(part, have+grow)
		free -= grow
	}
	return shares
}

// fairParts returns each definition's part of the limit as if no slot were in use. It serves
// the smallest wants first, each from an equal part of what is left.
func fairParts(limit int, claims []Claim) []int {
	order := make([]int, len(claims))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(claims[a].Want, claims[b].Want), cmp.Compare(claims[a].Definition, claims[b].Definition))
	})
	parts := make([]int, len(claims))
	for n, i := range order {
		// Rounded up, so that the first of those that want more get the rest.
		others := len(order) - n
		parts[i] = min(claims[i].Want, (limit+others-1)/others)
		limit -= parts[i]
	}
	return parts
}
