package callback

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/route"
)

// keyring returns a key, and a controller's keyring with it.
func keyring(namespace, controller string, keys ...byte) route.Keyring {
	ring := route.Keyring{Namespace: namespace, Controller: controller}
	for _, k := range keys {
		ring.Keys = append(ring.Keys, route.TokenKey{k})
	}
	return ring
}

// verifying authenticates as a controller whose executions need tokens.
func verifying(ring route.Keyring) func(context.Context, execution.Key, string) error {
	return func(_ context.Context, key execution.Key, credential string) error {
		if credential == "" {
			return execution.Deny(execution.DeniedMissing)
		}
		whose, err := ring.Verify(credential)
		if err != nil {
			return execution.Deny(execution.DeniedWrong)
		}
		if whose != key {
			return execution.Deny(execution.DeniedOtherTask)
		}
		return nil
	}
}

func basic(user, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}

func TestCredentials(t *testing.T) {
	ring := keyring("ns", "name", 1)
	good := ring.Token(testKey)
	neighbour := ring.Token(execution.Key{Execution: testKey.Execution, Node: "node-2"})
	tests := map[string]struct {
		token         string // in the path
		authorization []string
		kind          route.Kind // empty: a result
		query         string

		wantStatus int
		wantReason execution.DenyReason
	}{
		"a token in the path":                         {token: good, wantStatus: 200},
		"a token as a bearer's":                       {authorization: []string{"Bearer " + good}, wantStatus: 200},
		"a bearer in lower case":                      {authorization: []string{"bearer " + good}, wantStatus: 200},
		"a token as a password":                       {authorization: []string{basic("bjc", good)}, wantStatus: 200},
		"the same token twice":                        {token: good, authorization: []string{"Bearer " + good}, wantStatus: 200},
		"no token":                                    {wantStatus: 401, wantReason: execution.DeniedMissing},
		"a token in the query":                        {query: "?token=" + good, wantStatus: 401, wantReason: execution.DeniedMissing},
		"a token that is wrong":                       {token: good[:len(good)-4] + "AAAA", wantStatus: 401, wantReason: execution.DeniedWrong},
		"an empty bearer":                             {authorization: []string{"Bearer "}, wantStatus: 401, wantReason: execution.DeniedMalformed},
		"an empty password":                           {authorization: []string{basic("bjc", "")}, wantStatus: 401, wantReason: execution.DeniedMalformed},
		"a password of another user":                  {authorization: []string{basic("root", good)}, wantStatus: 401, wantReason: execution.DeniedMalformed},
		"a password that is no base64":                {authorization: []string{"Basic !"}, wantStatus: 401, wantReason: execution.DeniedMalformed},
		"an unknown scheme":                           {authorization: []string{"Digest " + good}, wantStatus: 401, wantReason: execution.DeniedMalformed},
		"a header without a scheme":                   {authorization: []string{good}, wantStatus: 401, wantReason: execution.DeniedMalformed},
		"two tokens that differ":                      {token: good, authorization: []string{"Bearer " + neighbour}, wantStatus: 401, wantReason: execution.DeniedSeveral},
		"two headers that differ":                     {authorization: []string{"Bearer " + good, basic("bjc", neighbour)}, wantStatus: 401, wantReason: execution.DeniedSeveral},
		"two passwords that differ":                   {authorization: []string{basic("bjc", good), basic("bjc", neighbour)}, wantStatus: 401, wantReason: execution.DeniedSeveral},
		"a good token and a header that is not":       {token: good, authorization: []string{"Digest x"}, wantStatus: 401, wantReason: execution.DeniedMalformed},
		"the token of a neighbour":                    {token: neighbour, wantStatus: 403, wantReason: execution.DeniedOtherTask},
		"the token of a neighbour, as a bearer's":     {authorization: []string{"Bearer " + neighbour}, wantStatus: 403, wantReason: execution.DeniedOtherTask},
		"the token of another controller":             {token: keyring("ns", "other", 1).Token(testKey), wantStatus: 401, wantReason: execution.DeniedWrong},
		"the token of another namespace":              {token: keyring("other", "name", 1).Token(testKey), wantStatus: 401, wantReason: execution.DeniedWrong},
		"the token of another execution":              {token: ring.Token(execution.Key{Execution: "20261124034201", Node: testKey.Node}), wantStatus: 403, wantReason: execution.DeniedOtherTask},
		"a token of an unknown key":                   {token: keyring("ns", "name", 2).Token(testKey), wantStatus: 401, wantReason: execution.DeniedWrong},
		"a token that a separator breaks":             {token: "v1%2f..%2f", wantStatus: 404},
		"a token longer than the server's headers":    {token: strings.Repeat("a", 17<<10), wantStatus: 431},
		"a token of many letters":                     {token: strings.Repeat("a", 4<<10), wantStatus: 401, wantReason: execution.DeniedWrong},
		"a good token and one in the query as well":   {token: good, query: "?token=" + good, wantStatus: 400},
		"a file name behind the token, as scripts do": {token: good, kind: route.File, query: "?name=a.txt", wantStatus: 200},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			recorder := &fakeRecorder{}
			var reason execution.DenyReason
			logger, logged := logTo()
			address := open(t, NewHandler(recorder, Options{
				Log: logger, Authenticate: verifying(ring), ObserveDenied: func(r execution.DenyReason) { reason = r },
			}))
			path := route.Path(cmp.Or(tt.kind, route.Result), testKey)
			if tt.token != "" {
				path = "/t/" + tt.token + path
			}
			request := "POST " + path + tt.query + " HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nConnection: close\r\n"
			for _, line := range tt.authorization {
				request += "Authorization: " + line + "\r\n"
			}
			got := send(t, address, request+"\r\n{}")
			if got.status != tt.wantStatus || reason != tt.wantReason {
				t.Errorf("got %d, %q, want %d, %q: %s", got.status, reason, tt.wantStatus, tt.wantReason, got.body)
			}
			if told := strings.Contains(logged(), " remote=127.0.0.1"); told != (tt.wantReason != "") {
				t.Errorf("the log tells the address it came from: %t\n%s", told, logged())
			}
			if taken := recorder.called() != ""; taken != (tt.wantStatus == http.StatusOK) {
				t.Errorf("the recorder was called: %t", taken)
			}
			for _, secret := range []string{good, neighbour} {
				if mac := secret[len(secret)-43:]; strings.Contains(logged()+got.body, mac) {
					t.Errorf("a token is in the log or in the answer: %s%s", logged(), got.body)
				}
			}
		})
	}
}

// Only the operator learns what is wrong with a credential.
func TestAllThatAreUnauthenticatedGetTheSameAnswer(t *testing.T) {
	ring := keyring("ns", "name", 1)
	address := open(t, NewHandler(&fakeRecorder{}, Options{Authenticate: verifying(ring)}))
	answers := map[string]string{}
	for _, token := range []string{"", "x", keyring("ns", "name", 2).Token(testKey), ring.Token(testKey)[:60]} {
		path := route.Path(route.Result, testKey)
		if token != "" {
			path = "/t/" + token + path
		}
		got := send(t, address, "POST "+path+" HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")
		got.header.Del("Date")
		answers[got.body+strings.Join(got.header["Www-Authenticate"], "|")] = token
		if got.status != http.StatusUnauthorized || len(got.header["Www-Authenticate"]) != 2 {
			t.Errorf("token %q: got %d, %v", token, got.status, got.header)
		}
	}
	if len(answers) != 1 {
		t.Errorf("the answers differ: %q", answers)
	}
}

func TestWhoIsDeniedTooOftenIsToldLess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ring := keyring("ns", "name", 1)
		listener := openPipe(t, NewHandler(&fakeRecorder{}, Options{Authenticate: verifying(ring)}))
		ask := func(token string) int {
			request := "POST /t/" + token + route.Path(route.Result, testKey) + " HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"
			return exchange(t, listener.Dial(), strings.NewReader(request)).status
		}
		for n := range 30 {
			want := http.StatusUnauthorized
			if n >= 20 {
				want = http.StatusTooManyRequests
			}
			if got := ask("wrong"); got != want {
				t.Fatalf("request %d: got %d, want %d", n, got, want)
			}
		}
		if got := ask(ring.Token(testKey)); got != http.StatusOK {
			t.Errorf("a good token from the same address: got %d, want 200", got)
		}
		time.Sleep(time.Second)
		if got := ask("wrong"); got != http.StatusUnauthorized {
			t.Errorf("a second later: got %d, want 401", got)
		}
	})
}

// A pod chooses the name of a file, which is logged when the file is rejected.
func TestATokenInTheNameOfAFileIsNotLogged(t *testing.T) {
	token := keyring("ns", "name", 1).Token(testKey)
	requests := map[string]string{
		"in the query":  head(route.File, url.Values{"name": {token}}, "Content-Length: 1") + "x",
		"in both":       head(route.File, url.Values{"name": {token}}, `Content-Disposition: attachment; filename="a"`, "Content-Length: 1") + "x",
		"as parameter":  head(route.File, url.Values{token: {""}}, "Content-Length: 1") + "x",
		"in the header": head(route.File, nil, `Content-Disposition: attachment; filename="`+token+`"`, "Content-Length: 1") + "x",
		"in a part": head(route.File, nil, "Content-Type: multipart/form-data; boundary=b", "Transfer-Encoding: chunked", "Connection: close") +
			chunk("--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\""+token+"\"\r\n\r\nx\r\n--b--\r\n"),
	}
	for name, request := range requests {
		t.Run(name, func(t *testing.T) {
			recorder := &fakeRecorder{err: errors.New("not kept")}
			log, logged := logTo()
			got := send(t, open(t, NewHandler(recorder, Options{Log: log})), request)
			if !strings.Contains(logged(), "v1.") {
				t.Fatalf("the name is not logged: %d, %s, %s", got.status, got.body, logged())
			}
			if secret := token[len(token)-43:]; strings.Contains(logged(), secret) {
				t.Errorf("the token is there: %s", logged())
			}
		})
	}
}

func chunk(text string) string { return fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(text), text) }
