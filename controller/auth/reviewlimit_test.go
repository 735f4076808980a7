package auth

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/clock"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/testkit"
)

// floodedReviews is an API server that needs some time for each token. It accepts tokens
// that end in good, and rejects made-up ones.
type floodedReviews struct {
	status authenticationv1.TokenReviewStatus // of a valid token
	asked  atomic.Int64
}

func (r *floodedReviews) Create(ctx context.Context, review *authenticationv1.TokenReview, _ metav1.CreateOptions) (*authenticationv1.TokenReview, error) {
	r.asked.Add(1)
	select {
	case <-time.After(27 * time.Millisecond):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if strings.HasSuffix(review.Spec.Token, "good") {
		return &authenticationv1.TokenReview{Status: r.status}, nil
	}
	return &authenticationv1.TokenReview{}, nil
}

func madeUp(issuer string, n any, signature string) string {
	encode := base64.RawURLEncoding.EncodeToString
	return "eyJhbGciOiJSUzI1NiJ9." + encode(fmt.Appendf(nil, `{"iss":%q,"aud":["bjc.jobs.check"],"jti":"%v"}`, issuer, n)) + "." + signature
}

// ask does what the callback server does with a token.
func ask(ctx context.Context, r *Callbacks, key execution.Key, address, token string) error {
	settle, err := r.AdmitReview(ctx, key, address, token)
	if err != nil {
		return err
	}
	err = r.Authenticate(ctx, key, token)
	settle(err)
	return err
}

func TestGoodTokensGetInDuringAFlood(t *testing.T) {
	tests := map[string]struct {
		issuer    string // of the tokens that are made up
		wantAsked int64  // about them, at most
	}{
		"tokens that claim to be ours": {issuer: "https://ours", wantAsked: 20 * (10 + reviewsAtOnce + 25/5)},
		"tokens of another issuer":     {issuer: "https://elsewhere"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "token")
			own := base64.RawURLEncoding.EncodeToString([]byte(`{"iss":"https://ours","sub":"system:serviceaccount:jobs:check","aud":["api"]}`))
			testkit.Must(t, os.WriteFile(file, []byte("eyJhbGciOiJSUzI1NiJ9."+own+".c2ln"), 0o600))
			synctest.Test(t, func(t *testing.T) {
				s := newScene()
				s.issuers = NewIssuers(file, clock.RealClock{})
				api := &floodedReviews{status: s.bound()}
				s.reviews = api
				r, key := s.callbacks(), s.key

				flood, stop := context.WithCancel(t.Context())
				var clients sync.WaitGroup
				var n atomic.Int64
				for i := range 400 { // connections from twenty addresses
					clients.Go(func() {
						for flood.Err() == nil {
							_ = ask(flood, r, key, fmt.Sprintf("10.0.0.%d", i%20), madeUp(tt.issuer, n.Add(1), "bad"))
							time.Sleep(500 * time.Millisecond)
						}
					})
				}
				time.Sleep(20 * time.Second)
				if got := api.asked.Load(); got > tt.wantAsked {
					t.Errorf("the API server was asked about %d made-up tokens, want at most %d", got, tt.wantAsked)
				}
				var pods100 sync.WaitGroup
				var late atomic.Int64
				for i := range 100 {
					pods100.Go(func() {
						start := time.Now()
						if err := ask(t.Context(), r, key, fmt.Sprintf("10.1.0.%d", i), madeUp("https://ours", i, "good")); err != nil {
							t.Errorf("a good token: %v", err)
						}
						if time.Since(start) > ReviewTimeout/2 {
							late.Add(1)
						}
					})
				}
				pods100.Wait()
				if late.Load() > 0 {
					t.Errorf("%d of 100 good tokens had to wait long", late.Load())
				}
				if tt.wantAsked > 0 {
					err := ask(t.Context(), r, key, "10.0.0.1", madeUp(tt.issuer, n.Add(1), "bad"))
					if denied(err) != execution.DeniedTooMany || !errors.Is(err, execution.ErrTooMany) {
						t.Errorf("an address of the flood: got %v", err)
					}
				}
				stop()
				clients.Wait()
				time.Sleep(time.Minute) // the last reviews end
				if n := len(r.limiter.gates); n != 0 {
					t.Errorf("%d addresses are remembered that have no requests", n)
				}
			})
		})
	}
}

// Pods with good tokens may share an address: many on one node, or behind one.
func TestGoodTokensOfOneAddressHaveNoBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newReviewLimiter()
		now := func() time.Time { return time.Now() }
		var all sync.WaitGroup
		for range 200 {
			all.Go(func() {
				settle, err := s.admit(t.Context(), "10.0.0.1", now)
				if err != nil {
					t.Errorf("got %v", err)
					return
				}
				time.Sleep(27 * time.Millisecond)
				settle(nil)
			})
		}
		all.Wait()
	})
}
