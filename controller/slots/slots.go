package slots

import (
	"cmp"
	"slices"
)

// Claim is how many slots an open execution has, and how many it could use. It has a slot
// for each node task that it may admit, until the end of the task is recorded.
type Claim struct {
	Name     string
	Have     int   // slots that it may use now
	Want     int   // slots that it could use: podPoolSize, or less if fewer tasks are left
	Least    int   // slots in use, at most Have: no task is ended to free one
	Priority int   // a higher one is served first
	Waited   int64 // how many turns have passed since it last got a slot
}

// Divide returns how many slots each claim may use from now on, in the order of the claims.
// A limit of 0 means no limit: each gets what it wants. With a limit, no slot that a claim
// wants stays unused. The claims of the highest priority are served first; within a
// priority, none gets more than an equal part of what the others leave (max-min fairness).
// What cannot be divided goes in turn.
//
// A share shrinks before another one grows. Divide returns a smaller share for a claim that
// has more than its part, but counts what it has until the claim says less. So if the claims
// are within the limit, the shares are as well, at any moment in which some have been applied
// and others have not. A share does not shrink below what is in use: the next slots that
// are freed go to those that have less than their part.
func Divide(limit int, claims []Claim) []int {
	shares := make([]int, len(claims))
	if limit == 0 {
		for i, c := range claims {
			shares[i] = max(c.Want, c.Least)
		}
		return shares
	}
	parts := divideParts(limit, claims)
	free := limit
	for _, c := range claims {
		free -= c.Have
	}
	order := indexes(claims)
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(claims[b].Priority, claims[a].Priority), claims[a].turn(claims[b]))
	})
	for _, i := range order {
		have := claims[i].Have
		grow := min(max(parts[i]-have, 0), max(free, 0))
		shares[i] = max(min(parts[i], have+grow), claims[i].Least)
		free -= grow
	}
	return shares
}

// turn compares claims by which is served first if there is not enough for both.
func (c Claim) turn(other Claim) int {
	return cmp.Or(cmp.Compare(other.Waited, c.Waited), cmp.Compare(c.Name, other.Name))
}

func indexes(claims []Claim) []int {
	order := make([]int, len(claims))
	for i := range order {
		order[i] = i
	}
	return order
}

// divideParts returns each claim's part of the limit as if no slot were in use.
func divideParts(limit int, claims []Claim) []int {
	parts := make([]int, len(claims))
	order := indexes(claims)
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(claims[b].Priority, claims[a].Priority), cmp.Compare(claims[a].Want, claims[b].Want))
	})
	for len(order) > 0 {
		n := 1
		for n < len(order) && claims[order[n]].Priority == claims[order[0]].Priority {
			n++
		}
		limit = divideEqually(limit, claims, order[:n], parts)
		order = order[n:]
	}
	return parts
}

// divideEqually sets the parts of claims of one priority, in the order of their wants, and
// returns what is left. It serves the smallest wants first, each from an equal part of what
// is left.
func divideEqually(limit int, claims []Claim, order, parts []int) (left int) {
	for len(order) > 0 && claims[order[0]].Want <= limit/len(order) {
		parts[order[0]] = claims[order[0]].Want
		limit -= claims[order[0]].Want
		order = order[1:]
	}
	if len(order) == 0 {
		return limit
	}
	level, rest := limit/len(order), limit%len(order)
	// The rest goes in turn. A slot in use stays where it is until its task has ended.
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Or(compareBool(claims[b].Least > level, claims[a].Least > level), claims[a].turn(claims[b]))
	})
	for n, i := range order {
		parts[i] = level
		if n < rest {
			parts[i]++
		}
	}
	return 0
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	default:
		return -1
	}
}
