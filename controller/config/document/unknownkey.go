package document

import (
	"fmt"
	"slices"
	"strings"
)

// UnknownKey returns the message about an unknown key, with the known key that was
// probably meant.
func UnknownKey(name string, known []string) string {
	best, distance := "", maxTypos(name)+1
	for _, k := range known {
		if d := editDistance(strings.ToLower(name), strings.ToLower(k)); d < distance {
			best, distance = k, d
		}
	}
	if best != "" {
		return fmt.Sprintf("unknown key: did you mean %q?", best)
	}
	if len(known) > 0 && len(known) <= 5 {
		return "unknown key: must be one of " + strings.Join(slices.Sorted(slices.Values(known)), ", ")
	}
	return "unknown key"
}

// maxTypos is the largest edit distance at which a name is taken for another.
func maxTypos(name string) int { return max(1, min(len(name)/3, 6)) }

// editDistance is the Levenshtein distance: the number of letters to insert, delete or
// replace. For names of very different length it returns a lower bound.
func editDistance(a, b string) int {
	if difference := max(len(a), len(b)) - min(len(a), len(b)); difference > maxTypos(a) {
		return difference
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
