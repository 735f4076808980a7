package callback

import (
	"fmt"
	"maps"
	"net/url"
	"slices"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// nameParam is the only parameter there is: the name of a file.
const nameParam = "name"

// noQuery refuses parameters where there are none: what they say would be lost.
func noQuery(c *call) error {
	query, err := parseQuery(c)
	if err != nil {
		return err
	}
	switch names := slices.Sorted(maps.Keys(query)); {
	case len(names) == 0:
		return nil
	case names[0] == nameParam:
		return invalid("query", "has a name: only the URL of files takes one")
	default:
		return unknownParam(names[0], "must be left out: this URL has no parameters")
	}
}

// onlyName refuses parameters other than the name, among them what is left of a
// name in which an ampersand was not encoded.
func onlyName(c *call) error {
	query, err := parseQuery(c)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(query)) {
		if name != nameParam {
			return unknownParam(name, "must be left out, as the only one is "+nameParam+": in a name & is written as %26")
		}
	}
	if len(query[nameParam]) > 1 {
		return invalid("query", "has %d names: must have one", len(query[nameParam]))
	}
	return nil
}

// oneName refuses a request that names its file twice, and not the same.
func oneName(c *call) error {
	inQuery, inHeader := queryName(c.request.URL), dispositionName(c.request.Header.Get("Content-Disposition"))
	if inQuery != "" && inHeader != "" && inQuery != inHeader {
		return invalid("name", "is %s in the query and %s in the header Content-Disposition: must be one of them", quote(inQuery), quote(inHeader))
	}
	return nil
}

func unknownParam(name, advice string) error {
	return invalid("query", "has the unknown parameter %s: %s", quote(name), advice)
}

func parseQuery(c *call) (url.Values, error) {
	query, err := url.ParseQuery(c.request.URL.RawQuery)
	if err != nil {
		return nil, invalid("query", "cannot be read (%.128s): must be %s=<name>, in which %%, &, ;, + and spaces are percent-encoded", err, nameParam)
	}
	return query, nil
}

// quote shows what a pod wrote.
func quote(text string) string { return fmt.Sprintf("%q", execution.Truncate(text, 128)) }
