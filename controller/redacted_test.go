package controller

import (
	"encoding/base64"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/batch-job-controller/batch-job-controller/callback"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/route"
)

// A result is checked as its pod sent it, and its credentials are redacted in what is stored,
// exported, returned and logged.
func TestAResultIsJudgedBeforeItsCredentialsAreRedacted(t *testing.T) {
	// In the texts T is the node's token, O the token of another node, C the redacted T,
	// E the token T with an escape in its MAC, and P the token T as an HTTP password.
	sample := func(label string) string { return `{"value":1,"labels":{"label":"` + label + `"}}` }
	of := func(labels ...string) string {
		samples := make([]string, len(labels))
		for i, label := range labels {
			samples[i] = sample(label)
		}
		return `{"test":[` + strings.Join(samples, ",") + `]}`
	}
	tests := map[string]struct {
		bodies []string // the last is the one that is judged

		wantCode     int // 200
		wantAnswer   []string
		wantStored   string
		wantSeries   []string
		wantRedacted string
	}{
		"one credential is covered where it stands": {
			bodies:     []string{` {"test" :[{"labels":{"label": "my T <is>"}, "value": 1.0}]}`},
			wantStored: ` {"test" :[{"labels":{"label": "my C <is>"}, "value": 1.0}]}`,
			wantSeries: []string{"my C <is>"}, wantRedacted: "1",
		},
		"one that is written with an escape is covered too": {
			bodies: []string{of(`a \"E\"`)}, wantStored: of(`a \"C\"`), wantSeries: []string{`a \"C\"`}, wantRedacted: "1",
		},
		"two that differ stay two series": {
			bodies: []string{of("T", "O", "xT")}, wantSeries: []string{"C", "D", "xC"}, wantRedacted: "3",
		},
		"one that is sent twice is a duplicate": {
			bodies: []string{of("T", "T")}, wantCode: 400,
			wantAnswer: []string{`"path":"test[1]"`, "has the labels of another sample", `label=\"v1.`, "****"},
		},
		"one that is sent twice, once with an escape, is a duplicate": {
			bodies: []string{of("T", "E")}, wantCode: 400,
			wantAnswer: []string{`"path":"test[1]"`, "has the labels of another sample", `label=\"v1.`, "****"},
		},
		"one beside what replaces it is not taken for a duplicate": {
			bodies: []string{of("T", "C")}, wantCode: 400,
			wantAnswer: []string{`"path":"test[1]"`, "after redaction of their credentials", `label=\"v1.`, "****"},
		},
		"one behind what replaces it neither": {
			bodies: []string{of("C", "T")}, wantCode: 400,
			wantAnswer: []string{`"path":"test[1]"`, "after redaction of their credentials", `label=\"v1.`, "****"},
		},
		"one that comes again is the same series": {
			bodies:     []string{of("x", "T"), `{"test":[{"value":2,"labels":{"label":"T"}}]}`},
			wantStored: `{"test":[{"value":1,"labels":{"label":"x"}},{"value":2,"labels":{"label":"C"}}]}`,
			wantSeries: []string{"x", "C"}, wantRedacted: "1",
		},
		"one in a label that is too long": {
			bodies: []string{of("T" + strings.Repeat("x", 128))}, wantCode: 400,
			wantAnswer: []string{`"path":"test[0].labels.label"`, "bytes long: must be at most 128"},
		},
		"one in a label that is not plain text": {
			bodies: []string{of(`\u202eE`)}, wantCode: 400, wantAnswer: []string{`"path":"test[0].labels.label"`, "control or formatting character at byte 0"},
		},
		"one in place of a gauge": {
			bodies: []string{`{"E":[{"value":1}]}`}, wantCode: 400, wantAnswer: []string{"is not a configured gauge"},
		},
		"one in place of a label": {
			bodies: []string{`{"test":[{"value":1,"labels":{"E":"x"}}]}`}, wantCode: 400, wantAnswer: []string{"is not a configured label"},
		},
		"one in place of the node": {
			bodies: []string{`{"test":[{"value":1,"labels":{"node":"E"}}]}`}, wantCode: 400, wantAnswer: []string{`"path":"test[0].labels.node"`, "must be"},
		},
		"one as a password in a label that is too long": {
			bodies: []string{of(strings.Repeat("x", 40) + "P")}, wantCode: 400, wantAnswer: []string{"bytes long: must be at most 128"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				c := newCluster(t, "a", "b")
				c.behave("a", behaviour{runFor: time.Minute})
				store := newMemoryStore()
				r := startReplica(t, c, store, testConfig())
				defer r.kill()
				time.Sleep(5 * time.Second)
				id := c.records()[0].Plan.ID
				key := execution.Key{Execution: id, Node: "a"}
				token, other := r.Keyring.Token(key), r.Keyring.Token(execution.Key{Execution: id, Node: "b"})
				covered := func(token string) string { return token[:len(token)-43] + strings.Repeat("*", 43) }
				secret := token[len(token)-43:]
				spell := strings.NewReplacer("T", token, "O", other, "C", covered(token), "D", covered(other),
					"E", token[:len(token)-43]+fmt.Sprintf(`\u%04x`, secret[0])+secret[1:],
					"P", base64.StdEncoding.EncodeToString([]byte("bjc:"+token)))

				var log strings.Builder
				handler := callback.NewHandler(r.Recorder(), callback.Options{
					Log: slog.New(slog.NewTextHandler(&log, nil)), Redactor: r.Redactor(),
				})
				var answer *httptest.ResponseRecorder
				for _, body := range tt.bodies {
					answer = httptest.NewRecorder()
					handler.ServeHTTP(answer, httptest.NewRequest(http.MethodPost, route.Path(route.Result, key), strings.NewReader(spell.Replace(body))))
				}
				if want := max(tt.wantCode, http.StatusOK); answer.Code != want {
					t.Errorf("%d, want %d: %s", answer.Code, want, answer.Body)
				}
				for _, want := range tt.wantAnswer {
					if want = spell.Replace(want); !strings.Contains(answer.Body.String(), want) {
						t.Errorf("the answer is %s, want %s in it", answer.Body, want)
					}
				}
				if got := answer.Header().Get("Batch-Job-Controller-Redacted"); got != tt.wantRedacted {
					t.Errorf("%q were redacted, want %q", got, tt.wantRedacted)
				}
				stored, err := store.Result(key)
				must(t, err)
				if want := spell.Replace(tt.wantStored); want != "" && string(stored) != want {
					t.Errorf("stored: got %s\nwant %s", stored, want)
				}
				exported := r.lastingMetrics()
				if got := strings.Count(exported, "foo_test{"); got != len(tt.wantSeries) {
					t.Errorf("%d series, want %d", got, len(tt.wantSeries))
				}
				for _, label := range tt.wantSeries {
					if want := `label="` + spell.Replace(label) + `"`; !strings.Contains(exported, want) {
						t.Errorf("no series with %s in\n%s", want, exported)
					}
				}
				for where, text := range map[string]string{"answered": answer.Body.String(), "logged": log.String(), "stored": string(stored), "exported": exported} {
					if mac := secret[1:8]; strings.Contains(text, mac) || strings.Contains(text, base64.StdEncoding.EncodeToString([]byte("bjc:" + token))[48:56]) {
						t.Errorf("a credential is %s: %s", where, text)
					}
				}
			})
		})
	}
}
