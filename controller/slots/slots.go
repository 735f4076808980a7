package slots

import (
	"cmp"
	"slices"
)

// Claim is what one definition has of the slots, and what it would use.
type Claim struct {
	Definition string
	Have       int // that its open execution may use now; 0: none is open yet
	Want       int // podPoolSize while an execution is open or about to open, else 0
}

// Divide returns how many slots each definition may use from now on, in the order of the
// claims. Without a limit, which is 0, each gets what it wants. With one, nothing is left
// unused that a definition wants, and none gets more than an equal part of what the
// others leave (max-min fairness).
//
// A share shrinks before another one grows: a definition that has more than its part is
// told its part, but what it has counts until it comes back with less. So if the claims
// have no more than the limit together, neither do the definitions at any moment in
// which some of them have applied their new shares, and others have not.
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

// fairParts returns each definition's part of the limit if nothing were in use: the
// smallest wants are served first, from an equal part of what is left.
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
		// Rounded up, so that the rest goes to the first of those that want more.
		others := len(order) - n
		parts[i] = min(claims[i].Want, (limit+others-1)/others)
		limit -= parts[i]
	}
	return parts
}
