package auth

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
	"k8s.io/utils/clock"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/testkit"
)

// gate is an API server with the users of tokens and their permissions.
type gate struct {
	client        *fake.Clientset
	tokens        map[string]string // user by token
	allowed       []string          // users
	tokensAway    bool
	accessAway    bool
	asked         []authorizationv1.SubjectAccessReviewSpec
	tokensAskedOf int
}

func newGate() *gate {
	g := &gate{client: fake.NewClientset(), tokens: map[string]string{"a": "ada", "a2": "ada", "e": "eve"}, allowed: []string{"ada"}}
	away := apierrors.NewServiceUnavailable("away")
	g.client.PrependReactor("create", "tokenreviews", func(action clienttesting.Action) (bool, runtime.Object, error) {
		review := action.(clienttesting.CreateAction).GetObject().(*authenticationv1.TokenReview)
		g.tokensAskedOf++
		if g.tokensAway {
			return true, nil, away
		}
		user, known := g.tokens[review.Spec.Token]
		review.Status = authenticationv1.TokenReviewStatus{Authenticated: known, User: authenticationv1.UserInfo{
			Username: user, UID: "1", Groups: []string{"viewers"}, Extra: map[string]authenticationv1.ExtraValue{"scope": {"x"}},
		}}
		return true, review, nil
	})
	g.client.PrependReactor("create", "subjectaccessreviews", func(action clienttesting.Action) (bool, runtime.Object, error) {
		review := action.(clienttesting.CreateAction).GetObject().(*authorizationv1.SubjectAccessReview)
		g.asked = append(g.asked, review.Spec)
		if g.accessAway {
			return true, nil, away
		}
		review.Status.Allowed = slices.Contains(g.allowed, review.Spec.User)
		return true, review, nil
	})
	return g
}

func (g *gate) authorizer() *ReportAuthorizer {
	tokens := NewTokenReviewer(g.client.AuthenticationV1().TokenReviews(), clock.RealClock{})
	return NewReportAuthorizer(tokens, g.client.AuthorizationV1().SubjectAccessReviews(), clock.RealClock{})
}

func TestAuthorize(t *testing.T) {
	tests := map[string]struct {
		token string
		set   func(*gate)

		want          error
		wantForbidden string
	}{
		"a user who may":                {token: "a"},
		"a user who may not":            {token: "e", wantForbidden: `"eve"`},
		"a token that is not valid":     {token: "x", want: ErrUnauthenticated},
		"no token":                      {want: ErrUnauthenticated},
		"no answer about the token":     {token: "a", set: func(g *gate) { g.tokensAway = true }, want: execution.ErrNoAnswer},
		"no answer about the user":      {token: "a", set: func(g *gate) { g.accessAway = true }, want: execution.ErrNoAnswer},
		"no answer, a user who may not": {token: "e", set: func(g *gate) { g.accessAway = true }, want: execution.ErrNoAnswer},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := newGate()
				if tt.set != nil {
					tt.set(g)
				}
				err := g.authorizer().Authorize(t.Context(), tt.token)
				var forbidden *ViewerForbiddenError
				if tt.wantForbidden != "" {
					if !errors.As(err, &forbidden) || !strings.Contains(err.Error(), tt.wantForbidden) || !strings.Contains(err.Error(), "/reports") {
						t.Errorf("got %v, want who lacks what", err)
					}
					return
				}
				if !errors.Is(err, tt.want) {
					t.Errorf("got %v, want %v", err, tt.want)
				}
			})
		})
	}
}

func TestAccessIsAskedForAsKubernetesDoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		testkit.Must(t, g.authorizer().Authorize(t.Context(), "a"))
		want := []authorizationv1.SubjectAccessReviewSpec{{
			NonResourceAttributes: &authorizationv1.NonResourceAttributes{Path: "/reports", Verb: strings.ToLower(http.MethodGet)},
			User:                  "ada", UID: "1", Groups: []string{"viewers"}, Extra: map[string]authorizationv1.ExtraValue{"scope": {"x"}},
		}}
		if diff := cmp.Diff(want, g.asked); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	})
}

func TestAccessIsKeptForSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		v := g.authorizer()
		for range 3 {
			testkit.Must(t, v.Authorize(t.Context(), "a"))
			testkit.Must(t, v.Authorize(t.Context(), "a2")) // another token of the same user
		}
		if g.tokensAskedOf != 2 || len(g.asked) != 1 {
			t.Errorf("%d tokens and %d users were asked about, want 2 and 1", g.tokensAskedOf, len(g.asked))
		}
		time.Sleep(9 * time.Second)
		g.accessAway, g.tokensAway = true, true
		testkit.Must(t, v.Authorize(t.Context(), "a"))
		time.Sleep(time.Second)
		if err := v.Authorize(t.Context(), "a"); !errors.Is(err, execution.ErrNoAnswer) {
			t.Errorf("after ten seconds without the API server: got %v", err)
		}
		g.accessAway, g.tokensAway, g.allowed = false, false, nil
		if err := v.Authorize(t.Context(), "a"); err == nil {
			t.Error("a right that was taken away still holds")
		}
		g.allowed = []string{"ada"}
		time.Sleep(2 * time.Second)
		testkit.Must(t, v.Authorize(t.Context(), "a"))
	})
}
