//go:build e2e

package api

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/e2e/api/rig"
)

const (
	// strangerRounds is fewer than the results that a node may send.
	strangerRounds = 15
	// strangerTokens is how many tokens an address sends at once in a round.
	strangerTokens = 4
	// reviewBurst and reviewInterval limit the reviews of invalid tokens from one address:
	// reviewBurst at once, and then one in each reviewInterval.
	reviewBurst    = 10
	reviewInterval = 5 * time.Second
)

// TestMadeUpTokensKeepNoPodOut lets two pods report during a flood of forged tokens: tokens of
// other issuers or audiences, and tokens in which only the signature is wrong. The API server
// has to review the latter, but not all of them.
func TestMadeUpTokensKeepNoPodOut(t *testing.T) {
	t.Parallel()
	site := rig.NewSite(t, shared, rig.Config{Pool: 2, RunFor: untilEnded, Keys: map[string]any{
		"callback": map[string]any{"auth": "serviceAccountToken"},
	}})
	nodes := site.AddNodes(2)
	server := site.NewServer(1).WithKubeconfig(site.ServiceAccount("report-auth")).WithArgs("--callback-key-secret=" + roleKeySecret)
	server.Start()

	type pod struct {
		url    string
		tokens []string // each needs its own review
		client *http.Client
	}
	var pods []pod
	for i, node := range nodes {
		running := waitRunning(t, site, node)
		p := pod{url: site.Env(running)[jobspec.EnvResultURL], client: clientAt(t, 1+i)}
		for range strangerRounds {
			p.tokens = append(p.tokens, podToken(t, site, running))
		}
		pods = append(pods, p)
	}
	good := pods[0].tokens[0]
	strangers := []stranger{
		{says: map[string]any{"iss": "https://elsewhere.test"}},
		{says: map[string]any{"aud": []string{"https://elsewhere.test"}}},
		{says: map[string]any{}, likeOurs: true},
		{says: map[string]any{}, likeOurs: true},
		{says: map[string]any{}, likeOurs: true},
	}
	for i := range strangers {
		strangers[i].client = clientAt(t, 101+i)
	}

	before := site.TimesAsked("create", "tokenreviews") // at its start, the server checks the permission
	began := time.Now()
	for round := range strangerRounds {
		var requests sync.WaitGroup
		for i, s := range strangers {
			for n := range strangerTokens {
				requests.Go(func() {
					made := madeUp(t, good, s.says, fmt.Sprintf("%d-%d-%d", i, round, n))
					status, err := report(t.Context(), s.client, pods[n%len(pods)].url, made)
					if err != nil || status != http.StatusUnauthorized && status != http.StatusTooManyRequests {
						t.Errorf("round %d: a token with %v: got %d, %v, want 401 or 429", round, s.says, status, err)
					}
				})
			}
		}
		for i, p := range pods {
			requests.Go(func() {
				if status, err := report(t.Context(), p.client, p.url, p.tokens[round]); err != nil || status != http.StatusOK {
					t.Errorf("round %d: the pod of node %s: got %d, %v, want 200", round, nodes[i], status, err)
				}
			})
		}
		requests.Wait()
	}
	took := time.Since(began)

	foreign, likeOurs := 0, 0 // forged tokens
	budget := 0               // how many of those that are like ours may be reviewed
	for _, s := range strangers {
		if !s.likeOurs {
			foreign += strangerRounds * strangerTokens
			continue
		}
		likeOurs += strangerRounds * strangerTokens
		budget += reviewBurst + int(took/reviewInterval) + strangerTokens // for requests in flight
	}
	goods := len(pods) * strangerRounds
	reviews := site.TimesAsked("create", "tokenreviews") - before
	metrics := server.Metrics()
	denied := func(reason string) int {
		return int(metrics.Sum("batch_job_controller_callback_denied_total", fmt.Sprintf("reason=%q", reason)))
	}
	t.Logf("in %s the API server reviewed %d tokens, of %d valid and %d forged ones", took, reviews, goods, foreign+likeOurs)
	if reviews < goods || reviews > goods+budget {
		t.Errorf("the API server reviewed %d tokens, want those of the pods, which are %d, and at most %d of the others", reviews, goods, budget)
	}
	if got := denied("foreign_token"); got != foreign {
		t.Errorf("%d tokens were rejected as foreign, want %d", got, foreign)
	}
	if wrong, tooMany := denied("wrong"), denied("too_many"); wrong+tooMany != likeOurs {
		t.Errorf("%d tokens were rejected by the API server and %d without it, want %d in total", wrong, tooMany, likeOurs)
	}
	endPods(t, site, atOnce)
	checkReport(t, waitClosed(t, site), all(nodes, succeeded()))
}

// stranger is a client that forges tokens.
type stranger struct {
	says     map[string]any // claims that replace those of valid tokens
	likeOurs bool           // all claims could be valid
	client   *http.Client
}

// madeUp returns a valid token with other claims, which its signature does not match.
func madeUp(t *testing.T, good string, says map[string]any, id string) string {
	t.Helper()
	parts := strings.Split(good, ".")
	text, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Errorf("the valid token: %v", err)
	}
	claims := map[string]any{}
	if err := json.Unmarshal(text, &claims); err != nil {
		t.Errorf("the valid token: %v", err)
	}
	maps.Copy(claims, says)
	claims["jti"] = id // all are different
	if text, err = json.Marshal(claims); err != nil {
		t.Errorf("the claims of a forged token: %v", err)
	}
	parts[1] = base64.RawURLEncoding.EncodeToString(text)
	return strings.Join(parts, ".")
}

// clientAt returns a client with its own source address.
func clientAt(t *testing.T, host int) *http.Client {
	t.Helper()
	from := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, byte(host))}}
	transport := &http.Transport{DialContext: from.DialContext}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: patience}
}

// report posts a result with a token, and returns the status.
func report(ctx context.Context, client *http.Client, url, token string) (status int, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(resultBody(1)))
	if err != nil {
		return 0, err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := client.Do(request)
	if err != nil {
		return 0, err
	}
	return response.StatusCode, response.Body.Close()
}
