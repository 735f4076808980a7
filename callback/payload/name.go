package payload

import (
	"cmp"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
)

// nameParam is the only query parameter: the name of a file.
const nameParam = "name"

// GivenName returns the name of the only or first file from the query or a header, or
// "".
func GivenName(r *http.Request) string { return cmp.Or(namesOf(r)) }

// namesOf returns the name in the query and the name in the header Content-Disposition,
// each or "". A malformed header counts as none.
func namesOf(r *http.Request) (inQuery, inHeader string) {
	_, params, err := mime.ParseMediaType(r.Header.Get("Content-Disposition"))
	if err == nil {
		inHeader = params["filename"]
	}
	return r.URL.Query().Get(nameParam), inHeader
}

// NoQuery rejects query parameters, which would be lost.
func NoQuery(r *http.Request) error {
	query, err := parseQuery(r)
	if err != nil {
		return err
	}
	switch names := slices.Sorted(maps.Keys(query)); {
	case len(names) == 0:
		return nil
	case names[0] == nameParam:
		return invalid("query", "has a name: only the URL for files accepts a name")
	default:
		return unknownParam(names[0], "omit it: this URL accepts no parameters")
	}
}

// OnlyName rejects other parameters than the name, including the rest of a name with
// an unencoded ampersand.
func OnlyName(r *http.Request) error {
	query, err := parseQuery(r)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(query)) {
		if name != nameParam {
			return unknownParam(name, "omit it: the only parameter is "+nameParam+"; in a name, write & as %26")
		}
	}
	if len(query[nameParam]) > 1 {
		return invalid("query", "has %d names: must have one", len(query[nameParam]))
	}
	return nil
}

// OneName rejects a request with two different names for its file.
func OneName(r *http.Request) error {
	inQuery, inHeader := namesOf(r)
	if inQuery != "" && inHeader != "" && inQuery != inHeader {
		return invalid("name", "is %s in the query and %s in the header Content-Disposition: set only one of them", quote(inQuery), quote(inHeader))
	}
	return nil
}

func unknownParam(name, advice string) error {
	return invalid("query", "has the unknown parameter %s: %s", quote(name), advice)
}

func parseQuery(r *http.Request) (url.Values, error) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, invalid("query", "cannot be parsed (%.128s): must be %s=<name>, with percent-encoded %%, &, ;, + and spaces", err, nameParam)
	}
	return query, nil
}
