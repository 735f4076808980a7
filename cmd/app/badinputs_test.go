package app

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// badInput is an input of the server, with the expected response and effects.
type badInput interface {
	check(t *testing.T, s *badServer, node string)
}

// badInputs are the inputs of each row of docs/bad-inputs.md, by the row's ID and a
// description.
type badInputs map[string]map[string]badInput

func allBadInputs() badInputs {
	all := badInputs{}
	for _, table := range []badInputs{
		badDocuments(), badValues(), badSchedules(), badMetrics(), badTemplates(), badSurroundings(),
		badResults(), badSamples(), badNames(), badFiles(), badEvents(), badHTTP(), badPaths(),
	} {
		for id, inputs := range table {
			if all[id] == nil {
				all[id] = map[string]badInput{}
			}
			maps.Copy(all[id], inputs)
		}
	}
	return all
}

func TestEveryBadInputIsAnsweredAsDocumented(t *testing.T) {
	all := allBadInputs()
	var nodes []string
	for _, id := range slices.Sorted(maps.Keys(all)) {
		for i := range len(all[id]) {
			nodes = append(nodes, badNode(id, i))
		}
	}
	s := startBadServer(t, append(nodes, "a", "a-b"))
	for _, id := range slices.Sorted(maps.Keys(all)) {
		for i, input := range slices.Sorted(maps.Keys(all[id])) {
			t.Run(id+" "+input, func(t *testing.T) { all[id][input].check(t, s, badNode(id, i)) })
		}
	}
	s.checkDirectory(t)
	t.Logf("%d rows, %d inputs", len(all), len(nodes))
}

// badNode returns the node of an input, which no other input uses.
func badNode(id string, i int) string { return fmt.Sprintf("%s-%02d.bad", strings.ToLower(id), i) }

// answers returns what the page says about an input.
func answers(input badInput) []string {
	switch i := input.(type) {
	case badRequest:
		return []string{strconv.Itoa(i.status)}
	case badRequests:
		var all []string
		for _, r := range i {
			all = append(all, answers(r)...)
		}
		slices.Sort(all)
		return slices.Compact(all)
	case badConfig:
		switch {
		case len(i.refused) > 0:
			return []string{"refused"}
		case len(i.warned) > 0:
			return []string{"starts with a warning"}
		default:
			return []string{"starts"}
		}
	default:
		return nil // in a word of its own
	}
}

func TestThePageListsEveryBadInput(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "bad-inputs.md"))
	if err != nil {
		t.Fatal(err)
	}
	all := allBadInputs()
	listed := map[string]string{}
	for _, row := range regexp.MustCompile(`(?m)^\| ([CRFEH]\d+) \|[^|]*\|([^|]*)\|`).FindAllStringSubmatch(string(page), -1) {
		if _, twice := listed[row[1]]; twice || all[row[1]] == nil {
			t.Errorf("%s is in the page, but not tested, or twice", row[1])
		}
		listed[row[1]] = row[2]
	}
	for _, id := range slices.Sorted(maps.Keys(all)) {
		for name, input := range all[id] {
			for _, want := range answers(input) {
				if !strings.Contains(listed[id], want) {
					t.Errorf("%s, %s: the page says %q, without %q", id, name, listed[id], want)
				}
			}
		}
		if listed[id] == "" {
			t.Errorf("%s is tested, but not in the page", id)
		}
	}
	if count := fmt.Sprintf("%d rows", len(all)); !strings.Contains(string(page), count) {
		t.Errorf("the page does not say that there are %s", count)
	}
}
