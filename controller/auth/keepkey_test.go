package auth

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clienttesting "k8s.io/client-go/testing"
	"k8s.io/utils/clock"

	"github.com/batch-job-controller/batch-job-controller/controller/lease"
	"github.com/batch-job-controller/batch-job-controller/controller/testkit"
)

var errNoLease = errors.New("another replica may lead")

// leader keeps a callback key. Its requests are counted from then on.
type leader struct {
	t      *testing.T
	client *testkit.Clientset
	log    bytes.Buffer
	fenced atomic.Bool // it may not write
}

func (l *leader) fence(ctx context.Context) (context.Context, context.CancelFunc, error) {
	if l.fenced.Load() {
		return nil, nil, errNoLease
	}
	write, done := context.WithCancel(ctx)
	return write, done, nil
}

var _ lease.Fence = (*leader)(nil).fence

// lead begins a term in which the key is kept, until the returned function ends it.
func lead(t *testing.T, tokens bool) (*leader, context.CancelFunc) {
	t.Helper()
	l := &leader{t: t, client: testkit.NewClientset()}
	l.create(keySecret(map[string]string{currentKey: keyOf("a"), previousKey: keyOf("b")}))
	o := keyringOptions(l.client.Clientset)
	o.Create = tokens
	k := openKeyring(t, o)
	l.client.ClearActions()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		k.Keep(ctx, l.fence, KeepOptions{
			Client: l.client, Instance: "replica", Clock: clock.RealClock{}, Log: slog.New(slog.NewTextHandler(&l.log, nil)),
		})
	}()
	time.Sleep(time.Second)
	synctest.Wait()
	return l, func() {
		cancel()
		<-ended
	}
}

func (l *leader) create(secret *corev1.Secret) {
	l.t.Helper()
	if _, err := l.client.CoreV1().Secrets("ns").Create(l.t.Context(), secret, metav1.CreateOptions{}); err != nil {
		l.t.Fatal(err)
	}
}

func (l *leader) delete() {
	l.t.Helper()
	if err := l.client.CoreV1().Secrets("ns").Delete(l.t.Context(), "name-callback-key", metav1.DeleteOptions{}); err != nil {
		l.t.Fatal(err)
	}
}

// keys returns the keys in the Secret; nothing if there is none.
func (l *leader) keys() map[string]string {
	l.t.Helper()
	secret, err := l.client.CoreV1().Secrets("ns").Get(l.t.Context(), "name-callback-key", metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		l.t.Fatal(err)
	}
	keys := map[string]string{}
	for name, key := range secret.Data {
		keys[name] = string(key)
	}
	return keys
}

// requests counts the requests, but lists and watches.
func (l *leader) requests() int {
	n := 0
	for _, action := range l.client.Actions() {
		if verb := action.GetVerb(); verb != "list" && verb != "watch" {
			n++
		}
	}
	return n
}

func TestTheKeyIsKept(t *testing.T) {
	own := map[string]string{currentKey: keyOf("a"), previousKey: keyOf("b")}
	tests := map[string]struct {
		withoutTokens bool
		change        func(*leader)
		within        time.Duration
		want          map[string]string
		wantLog       string
		times         int // it is logged
	}{
		"its Secret is deleted": {
			change: (*leader).delete, within: 100 * time.Millisecond,
			want: own, wantLog: "created again with the same key", times: 1,
		},
		"it is deleted again and again": {
			change: func(l *leader) {
				for range 3 {
					l.delete()
					time.Sleep(100 * time.Millisecond)
				}
			},
			want: own, wantLog: "created again with the same key", times: 3,
		},
		"it is deleted, and another replica is faster": {
			change: func(l *leader) {
				l.client.PrependReactor("create", "secrets", func(clienttesting.Action) (bool, runtime.Object, error) {
					if err := l.client.Tracker().Add(keySecret(map[string]string{currentKey: keyOf("c")})); err != nil {
						l.t.Error(err)
					}
					return true, nil, apierrors.NewAlreadyExists(corev1.Resource("secrets"), "name-callback-key")
				})
				l.delete()
			},
			within: time.Minute,
			want:   map[string]string{currentKey: keyOf("c")}, wantLog: "level=", times: 0,
		},
		"the API server refuses the create once": {
			change: func(l *leader) {
				refused := false
				l.client.PrependReactor("create", "secrets", func(clienttesting.Action) (bool, runtime.Object, error) {
					defer func() { refused = true }()
					return !refused, nil, apierrors.NewInternalError(errNoLease)
				})
				l.delete()
			},
			within: 2 * time.Second,
			want:   own, wantLog: "was not created again", times: 1,
		},
		"the replica may not write any more": {
			change: func(l *leader) {
				l.fenced.Store(true)
				l.delete()
			},
			within: time.Minute, wantLog: "created again with the same key", times: 0,
		},
		"the replica may not write for a while": {
			change: func(l *leader) {
				l.fenced.Store(true)
				l.delete()
				time.Sleep(10 * time.Second)
				l.fenced.Store(false)
			},
			within: 30 * time.Second, want: own, wantLog: "created again with the same key", times: 1,
		},
		"it is damaged, which only a person can mend": {
			change: func(l *leader) {
				damaged := keySecret(map[string]string{currentKey: "short"})
				if _, err := l.client.CoreV1().Secrets("ns").Update(l.t.Context(), damaged, metav1.UpdateOptions{}); err != nil {
					l.t.Fatal(err)
				}
			},
			within: time.Hour, want: map[string]string{currentKey: "short"}, wantLog: "is damaged", times: 1,
		},
		"new executions need no tokens": {
			withoutTokens: true,
			change:        (*leader).delete, within: time.Hour, wantLog: "level=", times: 0,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l, stop := lead(t, !tt.withoutTokens)
				tt.change(l)
				time.Sleep(tt.within)
				synctest.Wait()
				stop()
				if diff := cmp.Diff(tt.want, l.keys()); diff != "" {
					t.Errorf("keys (-want +got):\n%s", diff)
				}
				log := l.log.String()
				if got := strings.Count(log, tt.wantLog); got != tt.times {
					t.Errorf("%q is logged %d times, want %d:\n%s", tt.wantLog, got, tt.times, log)
				}
				if strings.Contains(log, "short") || strings.Contains(log, keyOf("a")) {
					t.Errorf("the key is logged:\n%s", log)
				}
			})
		})
	}
}

func TestAKeyThatStaysCostsNoRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, stop := lead(t, true)
		time.Sleep(time.Hour)
		stop()
		if got := l.requests(); got != 0 {
			t.Errorf("%d requests in an hour besides lists and watches: %v", got, l.client.Actions())
		}
		lists := 0
		for _, action := range l.client.Actions() {
			if action.GetVerb() == "list" {
				lists++
			}
		}
		if lists < 13 || lists > 16 { // one in 4 to 4.5 minutes
			t.Errorf("%d lists in an hour", lists)
		}
	})
}
