package web_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/batch-job-controller/batch-job-controller/callback/web"
)

// admitted admits one token.
type admitted map[string]error

func (a admitted) Admit(_ context.Context, token string) error {
	err, known := a[token]
	if !known {
		return web.ErrUnauthenticated
	}
	return err
}

func TestViewers(t *testing.T) {
	who := admitted{
		"good":  nil,
		"poor":  &web.ForbiddenError{Message: `"eve" may not read the reports`},
		"later": errors.New("connection refused to 10.0.0.1"),
	}
	tests := map[string]struct {
		method        string
		authorization []string

		want           int
		wantBody       string
		wantChallenge  string
		wantRetryAfter string
	}{
		"an authorized user":         {authorization: []string{"Bearer good"}, want: 200, wantBody: "0123456789"},
		"a scheme in lower case":     {authorization: []string{"bearer good"}, want: 200, wantBody: "0123456789"},
		"an unauthorized user":       {authorization: []string{"Bearer poor"}, want: 403, wantBody: `"eve" may not read the reports`},
		"no token":                   {want: 401, wantBody: "missing", wantChallenge: `Bearer realm="reports"`},
		"an invalid token":           {authorization: []string{"Bearer bad"}, want: 401, wantBody: "invalid", wantChallenge: `Bearer realm="reports", error="invalid_token"`},
		"an empty token":             {authorization: []string{"Bearer "}, want: 401, wantChallenge: `Bearer realm="reports", error="invalid_token"`},
		"a password":                 {authorization: []string{"Basic Z29vZDpnb29k"}, want: 401, wantChallenge: `Bearer realm="reports", error="invalid_token"`},
		"two tokens":                 {authorization: []string{"Bearer good", "Bearer good"}, want: 401, wantChallenge: `Bearer realm="reports", error="invalid_token"`},
		"a token that is far long":   {authorization: []string{"Bearer " + strings.Repeat("x", 11<<10)}, want: 401, wantChallenge: `Bearer realm="reports", error="invalid_token"`},
		"an API server that is away": {authorization: []string{"Bearer later"}, want: 503, wantBody: "does not respond", wantRetryAfter: "5"},
		"only the head":              {method: http.MethodHead, want: 401, wantChallenge: `Bearer realm="reports"`},
		"a method there is not":      {method: http.MethodPost, want: 405},
	}
	reports := newReports(t)
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			forwarded := false
			h := web.NewHandler(reports, web.Options{Viewers: who, Elsewhere: func(http.ResponseWriter, *http.Request) bool {
				forwarded = true
				return false
			}})
			if tt.method == "" {
				tt.method = http.MethodGet
			}
			r := request(t, h, tt.method, "/latest/a-x.log", http.Header{"Authorization": tt.authorization})
			if r.StatusCode != tt.want {
				t.Errorf("status: got %d, want %d", r.StatusCode, tt.want)
			}
			if got := text(t, r); !strings.Contains(got, tt.wantBody) || (tt.want != 200 && strings.Contains(got, "10.0.0.1")) || strings.Contains(got, "good") {
				t.Errorf("body: got %q, want %q and nothing of ours", got, tt.wantBody)
			}
			for key, want := range map[string]string{"WWW-Authenticate": tt.wantChallenge, "Retry-After": tt.wantRetryAfter, "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"} {
				if got := r.Header.Get(key); got != want {
					t.Errorf("%s: got %q, want %q", key, got, want)
				}
			}
			if forwarded != (tt.want == 200) {
				t.Errorf("passed on to the leader: %t", forwarded)
			}
		})
	}
}

// Nothing is served without a token, not even the style sheet.
func TestViewersAreAskedForEverything(t *testing.T) {
	h := web.NewHandler(newReports(t), web.Options{Viewers: admitted{}})
	for _, path := range []string{"/", "/latest", "/latest/", "/latest/a.json", "/" + newer + "/a.json", "/style.css", "/nosuch"} {
		if r := request(t, h, http.MethodGet, path, nil); r.StatusCode != http.StatusUnauthorized {
			t.Errorf("%s: got %d, want 401", path, r.StatusCode)
		}
	}
}

// A forwarded response has each header of the other replica once.
func TestAnAnswerFromElsewhereIsPassedOnAsItIs(t *testing.T) {
	leader := httptest.NewServer(web.NewHandler(newReports(t), web.Options{}))
	defer leader.Close()
	target, err := url.Parse(leader.URL)
	if err != nil {
		t.Fatal(err)
	}
	standby := web.NewHandler(openReports(t, t.TempDir()), web.Options{Elsewhere: func(w http.ResponseWriter, r *http.Request) bool {
		httputil.NewSingleHostReverseProxy(target).ServeHTTP(w, r)
		return true
	}})
	r := request(t, standby, http.MethodGet, "/latest/", nil)
	if got := r.Header.Values("Content-Security-Policy"); len(got) != 1 || !strings.Contains(got[0], "style-src") {
		t.Errorf("Content-Security-Policy: got %q, want that of the leader's page", got)
	}
}

var links = regexp.MustCompile(`(?:href|src)="([^"]*)"`)

// Every link of every page works, also behind a proxy that adds a path prefix.
func TestLinksHoldBelowAPath(t *testing.T) {
	proxy := httptest.NewServer(http.StripPrefix("/team/reports", web.NewHandler(newReports(t), web.Options{})))
	defer proxy.Close()
	seen, todo := map[string]bool{}, []string{proxy.URL + "/team/reports/", proxy.URL + "/team/reports/latest"}
	for len(todo) > 0 {
		at := todo[0]
		todo = todo[1:]
		if seen[at] {
			continue
		}
		seen[at] = true
		response, err := proxy.Client().Get(at)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if err != nil || response.StatusCode != http.StatusOK {
			t.Errorf("%s: got %d, %v", at, response.StatusCode, err)
		}
		if !strings.HasPrefix(response.Header.Get("Content-Type"), "text/html") {
			continue
		}
		for _, link := range links.FindAllStringSubmatch(string(body), -1) {
			to, err := response.Request.URL.Parse(link[1])
			if err != nil {
				t.Fatal(err)
			}
			todo = append(todo, to.String())
		}
	}
	if len(seen) < 10 {
		t.Errorf("only %d pages and files were found", len(seen))
	}
}
