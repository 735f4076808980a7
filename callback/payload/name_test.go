package payload

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func request(t *testing.T, query, disposition string) *http.Request {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/"+query, http.NoBody)
	if disposition != "" {
		r.Header.Set("Content-Disposition", disposition)
	}
	return r
}

func TestGivenName(t *testing.T) {
	tests := map[string]struct{ query, disposition, want string }{
		"no name":                        {},
		"in the query":                   {query: "?name=a.txt", want: "a.txt"},
		"in the query, encoded twice":    {query: "?name=%252e", want: "%2e"},
		"in the header":                  {disposition: `attachment; filename="a.txt"`, want: "a.txt"},
		"in a header that is malformed":  {disposition: `attachment; filename=a b`},
		"in both: the query is stronger": {query: "?name=a", disposition: "attachment; filename=b", want: "a"},
		"an empty one in the query":      {query: "?name=", disposition: "attachment; filename=b", want: "b"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := GivenName(request(t, tt.query, tt.disposition)); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestNamesThatAreRefused(t *testing.T) {
	tests := map[string]struct {
		check              func(*http.Request) error
		query, disposition string
		wantErr            string
	}{
		"no query":                              {check: NoQuery},
		"a query where there is none":           {check: NoQuery, query: "?b=1&a=2", wantErr: `the unknown parameter "a"`},
		"a name where there is none":            {check: NoQuery, query: "?name=a", wantErr: "only the URL for files accepts a name"},
		"a query that is malformed":             {check: NoQuery, query: "?a=%25;b", wantErr: "cannot be parsed"},
		"a name":                                {check: OnlyName, query: "?name=a"},
		"a name with an ampersand":              {check: OnlyName, query: "?name=a&b", wantErr: "write & as %26"},
		"two names in the query":                {check: OnlyName, query: "?name=a&name=a", wantErr: "has 2 names"},
		"the same name in query and header":     {check: OneName, query: "?name=a", disposition: "attachment; filename=a"},
		"another name in the query than header": {check: OneName, query: "?name=a", disposition: "attachment; filename=b", wantErr: `is "a" in the query and "b" in the header`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			err := tt.check(request(t, tt.query, tt.disposition))
			if (err == nil) != (tt.wantErr == "") || err != nil && !strings.Contains(err.Error(), tt.wantErr) {
				t.Errorf("got %v, want %q", err, tt.wantErr)
			}
		})
	}
}
