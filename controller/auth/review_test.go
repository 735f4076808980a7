package auth

import (
	"context"
	"errors"
	"strconv"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/clock"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// reviews is an API server that responds to token reviews after a second.
type reviews struct {
	asked  atomic.Int32
	answer func(authenticationv1.TokenReviewSpec) (authenticationv1.TokenReviewStatus, error)
}

func (r *reviews) Create(ctx context.Context, review *authenticationv1.TokenReview, _ metav1.CreateOptions) (*authenticationv1.TokenReview, error) {
	r.asked.Add(1)
	select {
	case <-time.After(time.Second):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	status, err := r.answer(review.Spec)
	return &authenticationv1.TokenReview{Status: status}, err
}

// known accepts every token as a token of ada for the requested audiences.
func known(spec authenticationv1.TokenReviewSpec) (authenticationv1.TokenReviewStatus, error) {
	return authenticationv1.TokenReviewStatus{
		Authenticated: true, Audiences: spec.Audiences,
		User: authenticationv1.UserInfo{
			Username: "ada", UID: "1", Groups: []string{"viewers"},
			Extra: map[string]authenticationv1.ExtraValue{"authentication.kubernetes.io/node-name": {"worker-1"}},
		},
	}, nil
}

func unknown(authenticationv1.TokenReviewSpec) (authenticationv1.TokenReviewStatus, error) {
	return authenticationv1.TokenReviewStatus{Error: "invalid bearer token"}, nil
}

func away(authenticationv1.TokenReviewSpec) (authenticationv1.TokenReviewStatus, error) {
	return authenticationv1.TokenReviewStatus{Authenticated: true}, errors.New("connection refused")
}

func TestReview(t *testing.T) {
	unaware := func(spec authenticationv1.TokenReviewSpec) (authenticationv1.TokenReviewStatus, error) {
		status, err := known(spec)
		status.Audiences = nil
		return status, err
	}
	elsewhere := func(spec authenticationv1.TokenReviewSpec) (authenticationv1.TokenReviewStatus, error) {
		status, err := known(spec)
		status.Audiences = []string{"other"}
		return status, err
	}
	tests := map[string]struct {
		token     string
		audiences []string
		answer    func(authenticationv1.TokenReviewSpec) (authenticationv1.TokenReviewStatus, error)
		want      error
		wantAsked int32
	}{
		"a good token":                     {token: "t", answer: known, wantAsked: 1},
		"a good token for us":              {token: "t", audiences: []string{"ours"}, answer: known, wantAsked: 1},
		"no token":                         {answer: known, want: ErrUnauthenticated},
		"a token that is not valid":        {token: "t", answer: unknown, want: ErrUnauthenticated, wantAsked: 1},
		"a token for another audience":     {token: "t", audiences: []string{"ours"}, answer: elsewhere, want: ErrUnauthenticated, wantAsked: 1},
		"an API server without audiences":  {token: "t", audiences: []string{"ours"}, answer: unaware, want: ErrUnauthenticated, wantAsked: 1},
		"an API server that is not there":  {token: "t", answer: away, want: execution.ErrNoAnswer, wantAsked: 1},
		"no audiences asked for, none got": {token: "t", answer: unaware, wantAsked: 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				api := &reviews{answer: tt.answer}
				got, err := NewTokenReviewer(api, clock.RealClock{}).Review(t.Context(), tt.token, tt.audiences)
				if !errors.Is(err, tt.want) || api.asked.Load() != tt.wantAsked {
					t.Fatalf("got %v after %d questions, want %v after %d", err, api.asked.Load(), tt.want, tt.wantAsked)
				}
				if tt.want != nil {
					return
				}
				want := Identity{
					Username: "ada", UID: "1", Groups: []string{"viewers"}, Audiences: tt.audiences,
					Extra: map[string][]string{"authentication.kubernetes.io/node-name": {"worker-1"}},
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("-want +got:\n%s", diff)
				}
			})
		})
	}
}

func TestReviewsAreKeptForAWhile(t *testing.T) {
	tests := map[string]struct {
		answer func(authenticationv1.TokenReviewSpec) (authenticationv1.TokenReviewStatus, error)
		after  time.Duration
		want   int32 // questions
	}{
		"a good one that is young":        {known, 10*time.Second - 1, 1},
		"a good one that is old":          {known, 10 * time.Second, 2},
		"a bad one that is young":         {unknown, 2*time.Second - 1, 1},
		"a bad one that is old":           {unknown, 2 * time.Second, 2},
		"one that did not get an answer":  {away, 0, 2},
		"a good one that was asked twice": {known, 0, 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				api := &reviews{answer: tt.answer}
				reviewer := NewTokenReviewer(api, clock.RealClock{})
				_, first := reviewer.Review(t.Context(), "t", nil)
				time.Sleep(tt.after)
				_, second := reviewer.Review(t.Context(), "t", nil)
				if got := api.asked.Load(); got != tt.want || (first == nil) != (second == nil) {
					t.Errorf("%d questions, %v and %v; want %d, and the same answer", got, first, second, tt.want)
				}
			})
		})
	}
}

func TestReviewsAreToldApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := &reviews{answer: known}
		reviewer := NewTokenReviewer(api, clock.RealClock{})
		for _, q := range []struct {
			token     string
			audiences []string
		}{{"ab", []string{"c"}}, {"a", []string{"bc"}}, {"abc", nil}, {"ab", []string{"c", ""}}, {"ab", []string{"c"}}} {
			if _, err := reviewer.Review(t.Context(), q.token, q.audiences); err != nil {
				t.Errorf("%v: %v", q, err)
			}
		}
		if got := api.asked.Load(); got != 4 {
			t.Errorf("%d questions, want 4: only the last was asked before", got)
		}
	})
}

func TestOneQuestionIsAskedOnceAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := &reviews{answer: known}
		reviewer := NewTokenReviewer(api, clock.RealClock{})
		impatient, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		errs := make(chan error, 100)
		go func() { _, err := reviewer.Review(impatient, "t", nil); errs <- err }()
		synctest.Wait()
		for range 99 {
			go func() { _, err := reviewer.Review(t.Context(), "t", nil); errs <- err }()
		}
		gaveUp := 0
		for range 100 {
			if err := <-errs; errors.Is(err, context.DeadlineExceeded) {
				gaveUp++
			} else if err != nil {
				t.Error(err)
			}
		}
		if got := api.asked.Load(); got != 1 || gaveUp != 1 {
			t.Errorf("%d questions, %d gave up; want one question, which outlives the request that asked it", got, gaveUp)
		}
	})
}

func TestStrangersBindOnlySoMuch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := &reviews{answer: unknown}
		reviewer := NewTokenReviewer(api, clock.RealClock{})
		for i := range 10 * maxLoading {
			go reviewer.Review(t.Context(), "t"+strconv.Itoa(i), nil) //nolint:errcheck // refused
		}
		synctest.Wait()
		if got := api.asked.Load(); got != maxLoading {
			t.Errorf("%d questions at once, want %d", got, maxLoading)
		}
		time.Sleep(time.Minute)
	})
}
