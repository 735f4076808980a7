package controller

import (
	"cmp"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/auth"
	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/route"
)

// denied returns the reason for which an error denies a callback, or "".
func denied(err error) execution.DenyReason {
	var d *execution.DeniedError
	if errors.As(err, &d) {
		return d.Reason
	}
	return ""
}

func TestAPodReportsForItselfOnly(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a", "b")
		c.behave("a", behaviour{runFor: time.Minute})
		c.behave("b", behaviour{runFor: time.Minute})
		r := startReplica(t, c, newMemoryStore(), testConfig())
		defer r.kill()
		time.Sleep(5 * time.Second)
		id := c.records()[0].Plan.ID
		a, b := execution.Key{Execution: id, Node: "a"}, execution.Key{Execution: id, Node: "b"}
		later := execution.Key{Execution: id.Next(), Node: "a"}
		stranger := route.Keyring{Namespace: testNamespace, Controller: testName, Keys: []route.TokenKey{{}}}
		tests := map[string]struct {
			key        execution.Key
			credential string
			want       execution.DenyReason
		}{
			"its own":                        {key: a, credential: r.Keyring.Token(a)},
			"that of another node":           {key: a, credential: r.Keyring.Token(b), want: execution.DeniedOtherTask},
			"that of another execution":      {key: a, credential: r.Keyring.Token(later), want: execution.DeniedOtherTask},
			"its own, for another execution": {key: later, credential: r.Keyring.Token(a), want: execution.DeniedOtherTask},
			"none":                           {key: a, want: execution.DeniedMissing},
			"none, for an execution that there is not": {key: later, want: execution.DeniedMissing},
			"something else":        {key: a, credential: "x", want: execution.DeniedMalformed},
			"one of an unknown key": {key: a, credential: stranger.Token(a), want: execution.DeniedUnknownKey},
			"one that was changed":  {key: a, credential: r.Keyring.Token(a)[:68] + "AAAA", want: execution.DeniedWrong},
		}
		for name, tt := range tests {
			if err := r.CallbackAuth().Authenticate(t.Context(), tt.key, tt.credential); denied(err) != tt.want || (err == nil) != (tt.want == "") {
				t.Errorf("%s: got %v, want %q", name, err, tt.want)
			}
		}
	})
}

func TestAPodThatSpeaksForItsNeighbourIsNamed(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a", "b")
		c.behave("a", behaviour{runFor: 5 * time.Minute})
		c.behave("b", behaviour{runFor: 5 * time.Minute})
		r := startReplica(t, c, newMemoryStore(), testConfig())
		defer r.kill()
		time.Sleep(5 * time.Second)
		id := c.records()[0].Plan.ID
		token := r.Keyring.Token(execution.Key{Execution: id, Node: "a"})
		for range 200 {
			if err := r.CallbackAuth().Authenticate(t.Context(), execution.Key{Execution: id, Node: "b"}, token); !errors.Is(err, execution.ErrOtherTask) {
				t.Fatalf("got %v", err)
			}
			time.Sleep(time.Second)
		}
		events := c.eventsOf(kube.EventCallbackDenied)
		if len(events) != 1 {
			t.Fatalf("events: got %v, want one", events)
		}
		e := events[0]
		if e.Type != "Warning" || e.InvolvedObject.Kind != "Pod" || !strings.Contains(e.InvolvedObject.Name, c.jobsOfNode("a")[0].Name) {
			t.Errorf("event: %s about %v", e.Type, e.InvolvedObject)
		}
		if strings.Contains(e.Message, token[len(token)-43:]) || !strings.Contains(e.Message, "node a") || !strings.Contains(e.Message, "b of execution") {
			t.Errorf("message: %s", e.Message)
		}
		if requests := c.eventWrites(); requests > 10 {
			t.Errorf("%d events were written for it", requests)
		}
	})
}

// eventWrites counts the events that were created or patched.
func (c *cluster) eventWrites() int {
	n := 0
	for _, action := range c.client.Actions() {
		if action.GetResource().Resource == "events" && (action.GetVerb() == "create" || action.GetVerb() == "patch") {
			n++
		}
	}
	return n
}

// The credentials of an open execution stay valid.
func TestAnExecutionKeepsItsWayToAuthenticate(t *testing.T) {
	for name, tt := range map[string]struct {
		before, after execution.CallbackAuth
		withToken     bool
	}{
		"from none to tokens": {before: execution.NoAuth, after: execution.TokenAuth},
		"from tokens to none": {before: execution.TokenAuth, after: execution.NoAuth, withToken: true},
		"an earlier version":  {before: "", after: execution.TokenAuth},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				c := newCluster(t, "a", "b")
				c.behave("a", behaviour{runFor: time.Minute})
				auth := func(auth execution.CallbackAuth) config.Config {
					return testConfig(func(c *config.Config) { c.Callback.Auth, c.PodPoolSize = auth, 1 })
				}
				first := startReplica(t, c, newMemoryStore(), auth(tt.before))
				time.Sleep(5 * time.Second)
				keyring := first.Keyring
				first.kill()
				second := newReplica(t, c.client, newMemoryStore(), auth(tt.after), func(o *Options) { o.Keyring = cmp.Or(o.Keyring, keyring) })
				second.run()
				defer second.kill()
				time.Sleep(5 * time.Second)
				key := execution.Key{Execution: c.records()[0].Plan.ID, Node: "a"}
				if err := second.CallbackAuth().Authenticate(t.Context(), key, ""); (err != nil) != tt.withToken {
					t.Errorf("without a token: %v", err)
				}
				if tt.withToken {
					if err := second.CallbackAuth().Authenticate(t.Context(), key, keyring.Token(key)); err != nil {
						t.Errorf("with its token: %v", err)
					}
				}
				time.Sleep(3 * time.Minute)
				c.wantOutcomes(map[string]execution.Outcome{"a": succeeded, "b": succeeded})
			})
		})
	}
}

// A standby does not have the execution, but its cache has the Jobs.
func TestAStandbyAuthenticates(t *testing.T) {
	tests := map[string]struct {
		opened     execution.CallbackAuth // how the execution was
		node       string
		credential func(ring *auth.Keyring, own execution.Key) string

		want execution.DenyReason
	}{
		"with its own token":                       {opened: execution.TokenAuth, credential: (*auth.Keyring).Token},
		"without one":                              {opened: execution.TokenAuth, want: execution.DeniedMissing},
		"with a wrong one":                         {opened: execution.TokenAuth, credential: func(*auth.Keyring, execution.Key) string { return "x" }, want: execution.DeniedMalformed},
		"with that of another node":                {opened: execution.TokenAuth, credential: func(ring *auth.Keyring, own execution.Key) string { own.Node = "b"; return ring.Token(own) }, want: execution.DeniedOtherTask},
		"without one, of an earlier version":       {opened: ""},
		"without one, opened when none was needed": {opened: execution.NoAuth},
		"without one, and without a Job":           {opened: execution.NoAuth, node: "z", want: execution.DeniedMissing},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				c := newCluster(t, "a", "b")
				c.behave("a", behaviour{runFor: time.Minute})
				leader := startReplica(t, c, newMemoryStore(), testConfig(func(c *config.Config) { c.Callback.Auth = tt.opened }))
				defer leader.kill()
				standby := newReplica(t, c.client, newMemoryStore(), testConfig())
				standby.Watch(t.Context())
				time.Sleep(5 * time.Second)
				key := execution.Key{Execution: c.records()[0].Plan.ID, Node: cmp.Or(tt.node, "a")}
				credential := ""
				if tt.credential != nil {
					credential = tt.credential(standby.Keyring, key)
				}
				if err := standby.CallbackAuth().Authenticate(t.Context(), key, credential); denied(err) != tt.want {
					t.Errorf("got %v, want %q", err, tt.want)
				}
			})
		})
	}
}

// A Service that selects the pods of two controllers sends each the other's callbacks.
func TestTokensOfAnotherControllerAreExplained(t *testing.T) {
	tests := map[string]struct {
		own       bool // the Job is this controller's
		service   string
		wantAbout string
		want      string
	}{
		"of a Job that there is not":              {service: testName, wantAbout: "Service/" + testName, want: "does Service " + testName + " select two controllers?"},
		"of a Job of its own, whose key was lost": {own: true, service: testName, wantAbout: "ConfigMap/" + testName + stateSuffix, want: "was replaced after the pod got its token"},
		"without a Service":                       {wantAbout: "ConfigMap/" + testName + stateSuffix, want: "they are from another controller, or"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				c := newCluster(t, "a")
				c.behave("a", behaviour{runFor: 20 * time.Minute})
				r := startReplicaWith(t, c.client, newMemoryStore(), testConfig(func(c *config.Config) { c.CallbackServiceName = tt.service }),
					func(o *Options) { o.PodIP = "10.0.0.1" })
				defer r.kill()
				time.Sleep(5 * time.Second)
				key := execution.Key{Execution: c.records()[0].Plan.ID, Node: "a"}
				if !tt.own {
					key.Execution = "20200101000000"
				}
				stranger := route.Keyring{Namespace: testNamespace, Controller: "other", Keys: []route.TokenKey{{1}}}
				for range 180 {
					if err := r.CallbackAuth().Authenticate(t.Context(), key, stranger.Token(key)); denied(err) != execution.DeniedUnknownKey {
						t.Fatalf("got %v", err)
					}
					time.Sleep(time.Second)
				}
				events := c.eventsOf(kube.EventCallbackDenied)
				if len(events) != 1 || events[0].Count > 3 {
					t.Fatalf("events: got %v, want one, counted once a minute", events)
				}
				e := events[0]
				if about := e.InvolvedObject.Kind + "/" + e.InvolvedObject.Name; about != tt.wantAbout || e.Type != "Warning" || !strings.Contains(e.Message, tt.want) {
					t.Errorf("%s event about %s: %s; want it about %s with %q", e.Type, about, e.Message, tt.wantAbout, tt.want)
				}
			})
		})
	}
}
