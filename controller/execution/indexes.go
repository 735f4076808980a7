package execution

import (
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"
)

// Indexes is a set of node task indexes, in the notation of an Indexed Job's
// completedIndexes: "0-4,7". It is small for the usual sets, which are mostly
// prefixes. The zero value is the empty set.
type Indexes struct {
	spans []span // sorted, neither overlapping nor touching
}

type span struct{ first, last int }

// MaxIndex bounds an index, so that a damaged record cannot demand a set that
// does not fit into memory.
const MaxIndex = 1 << 20

// ParseIndexes parses the output of String.
func ParseIndexes(s string) (Indexes, error) {
	var x Indexes
	if s == "" {
		return x, nil
	}
	previous := -2
	for part := range strings.SplitSeq(s, ",") {
		first, last, ranged := strings.Cut(part, "-")
		if !ranged {
			last = first
		}
		f, err1 := parseIndex(first)
		l, err2 := parseIndex(last)
		if err1 != nil || err2 != nil || f > l || (ranged && f == l) || f <= previous+1 {
			return Indexes{}, fmt.Errorf("indexes: %.32q: must be ascending numbers and ranges, such as 0-4,7", part)
		}
		x.spans = append(x.spans, span{f, l})
		previous = l
	}
	return x, nil
}

func parseIndex(s string) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 || n > MaxIndex || strconv.Itoa(n) != s {
		return 0, fmt.Errorf("index %.32q out of range", s)
	}
	return n, nil
}

// String returns the set as text, such as "0-4,7".
func (x Indexes) String() string {
	var b strings.Builder
	for i, s := range x.spans {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(strconv.Itoa(s.first))
		if s.last > s.first {
			b.WriteByte('-')
			b.WriteString(strconv.Itoa(s.last))
		}
	}
	return b.String()
}

// Has reports whether i is in the set.
func (x Indexes) Has(i int) bool {
	n, found := x.search(i)
	return found || (n > 0 && x.spans[n-1].last >= i)
}

// search returns the position of the span that begins at i, or the position at
// which to insert it.
func (x Indexes) search(i int) (int, bool) {
	return slices.BinarySearchFunc(x.spans, i, func(s span, i int) int { return s.first - i })
}

// Add puts i into the set.
func (x *Indexes) Add(i int) {
	if x.Has(i) {
		return
	}
	n, _ := x.search(i)
	touchesLeft := n > 0 && x.spans[n-1].last == i-1
	touchesRight := n < len(x.spans) && x.spans[n].first == i+1
	switch {
	case touchesLeft && touchesRight:
		x.spans[n-1].last = x.spans[n].last
		x.spans = slices.Delete(x.spans, n, n+1)
	case touchesLeft:
		x.spans[n-1].last = i
	case touchesRight:
		x.spans[n].first = i
	default:
		x.spans = slices.Insert(x.spans, n, span{i, i})
	}
}

// Len returns how many indexes the set holds.
func (x Indexes) Len() int {
	n := 0
	for _, s := range x.spans {
		n += s.last - s.first + 1
	}
	return n
}

// Max returns the largest index, or -1 when the set is empty.
func (x Indexes) Max() int {
	if len(x.spans) == 0 {
		return -1
	}
	return x.spans[len(x.spans)-1].last
}

// All yields the indexes in ascending order.
func (x Indexes) All() iter.Seq[int] {
	return func(yield func(int) bool) {
		for _, s := range x.spans {
			for i := s.first; i <= s.last; i++ {
				if !yield(i) {
					return
				}
			}
		}
	}
}

// Minus returns the indexes of x that are not in y.
func (x Indexes) Minus(y Indexes) Indexes {
	var rest Indexes
	skip := 0
	for _, s := range x.spans {
		for skip < len(y.spans) && y.spans[skip].last < s.first {
			skip++
		}
		first := s.first
		for n := skip; n < len(y.spans) && y.spans[n].first <= s.last; n++ {
			if first < y.spans[n].first {
				rest.spans = append(rest.spans, span{first, y.spans[n].first - 1})
			}
			first = y.spans[n].last + 1
		}
		if first <= s.last {
			rest.spans = append(rest.spans, span{first, s.last})
		}
	}
	return rest
}

// Clone returns a copy that shares nothing with x.
func (x Indexes) Clone() Indexes {
	return Indexes{spans: slices.Clone(x.spans)}
}
