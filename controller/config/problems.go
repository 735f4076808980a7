package config

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Problems is everything that is wrong, one line each: where, what it says,
// and what would be right.
type Problems field.ErrorList

// Error returns all problems, one a line.
func (p Problems) Error() string { return strings.Join(p.Lines(), "\n") }

// maxLines keeps a file that is no configuration at all from flooding a log.
const maxLines = 100

// Lines returns the problems one by one. Of very many it returns the first.
func (p Problems) Lines() []string {
	var lines []string
	for i, problem := range p {
		if i == maxLines {
			return append(lines, fmt.Sprintf("and %d more", len(p)-maxLines))
		}
		lines = append(lines, problem.Error())
	}
	return lines
}

// orNil keeps an empty list from becoming an error that is not nil.
func (p Problems) orNil() error {
	if len(p) == 0 {
		return nil
	}
	return p
}
