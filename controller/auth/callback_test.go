package auth

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/utils/clock"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/route"
	"github.com/batch-job-controller/batch-job-controller/controller/testkit"
)

// scene is the state of a replica while one execution is open and its pod runs on node a.
type scene struct {
	key     execution.Key
	auth    execution.CallbackAuth // of the configuration
	openID  execution.ID           // of the open execution
	open    *OpenExecution         // nil: none is
	keyring *Keyring
	issuers *Issuers
	reviews TokenReviewClient

	pod              *corev1.Pod
	job              *batchv1.Job
	podSeen, jobSeen bool  // by the cache
	apiErr           error // of reading either

	otherTask  [][2]execution.Key
	unknownKey []execution.Key
}

func newScene() *scene {
	s := &scene{
		key:  execution.Key{Execution: "20261124034200", Node: "a"},
		auth: execution.ServiceAccountTokenAuth, issuers: NewIssuers("", clock.RealClock{}),
		podSeen: true, jobSeen: true,
	}
	owner := jobspec.Owner{Name: "check-20261124034200", UID: "record"}
	s.openID, s.open = s.key.Execution, &OpenExecution{Auth: s.auth, Owner: owner}
	labels := map[string]string{jobspec.ExecutionLabel: string(s.key.Execution)}
	annotations := map[string]string{jobspec.NodeAnnotation: "a", jobspec.AuthAnnotation: string(s.auth)}
	s.job = &batchv1.Job{ObjectMeta: metav1.ObjectMeta{
		Name: jobspec.JobName("check", s.key), UID: "job", Labels: labels, Annotations: annotations,
		OwnerReferences: []metav1.OwnerReference{jobspec.OwnerReference(owner)},
	}}
	s.pod = &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Name: "pod", UID: "pod-uid", Labels: labels, Annotations: annotations,
			OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(s.job, batchv1.SchemeGroupVersion.WithKind("Job"))},
		},
		Spec: corev1.PodSpec{NodeName: "a", ServiceAccountName: "job"},
	}
	return s
}

// bound is the status of a TokenReview of the pod's valid token.
func (s *scene) bound() authenticationv1.TokenReviewStatus {
	return authenticationv1.TokenReviewStatus{
		Authenticated: true, Audiences: []string{"bjc.jobs.check"},
		User: authenticationv1.UserInfo{
			Username: "system:serviceaccount:jobs:job",
			Extra: map[string]authenticationv1.ExtraValue{
				podNameClaim: {s.pod.Name}, podUIDClaim: {string(s.pod.UID)}, nodeNameClaim: {"a"},
			},
		},
	}
}

func (s *scene) callbacks() *Callbacks {
	return NewCallbacks(CallbackOptions{
		Controller: "check", Namespace: "jobs", Auth: s.auth,
		Credentials: NewCredentials(s.keyring, s.issuers, "bjc.jobs.check"),
		Reviewer:    sync.OnceValue(func() *TokenReviewer { return NewTokenReviewer(s.reviews, clock.RealClock{}) }),
		Open: func(id execution.ID) (OpenExecution, bool) {
			if s.open == nil || id != s.openID {
				return OpenExecution{}, false
			}
			return *s.open, true
		},
		Cache: seen{s}, Pods: pods{s}, Jobs: jobs{s}, Notifier: heard{s}, Clock: clock.RealClock{},
	})
}

type seen struct{ *scene }

func (s seen) Job(_, name string) *batchv1.Job {
	if !s.jobSeen || s.job == nil || s.job.Name != name {
		return nil
	}
	return s.job
}

func (s seen) JobOf(key execution.Key) *batchv1.Job {
	if s.job == nil || key != s.key {
		return nil
	}
	return s.Job("", s.job.Name)
}

func (s seen) Pod(_, name string) *corev1.Pod {
	if !s.podSeen || s.pod == nil || s.pod.Name != name {
		return nil
	}
	return s.pod
}

type pods struct{ *scene }

func (s pods) Get(_ context.Context, name string, _ metav1.GetOptions) (*corev1.Pod, error) {
	if s.apiErr != nil {
		return nil, s.apiErr
	}
	if s.pod == nil || s.pod.Name != name {
		return nil, apierrors.NewNotFound(schema.GroupResource{Resource: "pods"}, name)
	}
	return s.pod, nil
}

type jobs struct{ *scene }

func (s jobs) Get(_ context.Context, name string, _ metav1.GetOptions) (*batchv1.Job, error) {
	if s.apiErr != nil {
		return nil, s.apiErr
	}
	if s.job == nil || s.job.Name != name {
		return nil, apierrors.NewNotFound(schema.GroupResource{Resource: "jobs"}, name)
	}
	return s.job, nil
}

type heard struct{ *scene }

func (s heard) OtherTask(_ context.Context, whose, claimed execution.Key) {
	s.otherTask = append(s.otherTask, [2]execution.Key{whose, claimed})
}

func (s heard) UnknownKey(_ context.Context, claimed execution.Key) {
	s.unknownKey = append(s.unknownKey, claimed)
}

// denied returns the reason of a denial, or "".
func denied(err error) execution.DenyReason {
	var d *execution.DeniedError
	if errors.As(err, &d) {
		return d.Reason
	}
	return ""
}

func TestAuthOf(t *testing.T) {
	tests := map[string]struct {
		change func(*scene)
		want   execution.CallbackAuth
	}{
		"the open execution":                        {func(s *scene) { s.open.Auth = execution.NoAuth }, execution.NoAuth},
		"an open execution of an earlier version":   {func(s *scene) { s.open.Auth = "" }, ""},
		"the Job, on a replica without it":          {func(s *scene) { s.open = nil }, execution.ServiceAccountTokenAuth},
		"the Job of another execution":              {func(s *scene) { s.openID, s.open.Auth = "20261124040000", execution.NoAuth }, execution.ServiceAccountTokenAuth},
		"a Job of an earlier version":               {func(s *scene) { s.open, s.job.Annotations = nil, nil }, ""},
		"the configuration, without either of them": {func(s *scene) { s.open, s.job, s.auth = nil, nil, execution.TokenAuth }, execution.TokenAuth},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := newScene()
			tt.change(s)
			if got := s.callbacks().authOf(s.key); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestThePodOfAServiceAccountToken(t *testing.T) {
	token := jwt(`{"aud":["bjc.jobs.check"]}`)
	tests := map[string]struct {
		change     func(*scene)
		want       error
		wantDenied execution.DenyReason
	}{
		"in the cache":                    {change: func(s *scene) { s.apiErr = errors.New("not to be asked") }},
		"not in the cache yet":            {change: func(s *scene) { s.podSeen, s.jobSeen = false, false }},
		"that has gone":                   {change: func(s *scene) { s.pod = nil }, want: execution.ErrUnauthenticated, wantDenied: execution.DeniedForeignPod},
		"whose Job has gone":              {change: func(s *scene) { s.job = nil }, want: execution.ErrUnauthenticated, wantDenied: execution.DeniedForeignPod},
		"whose Job is of another record":  {change: func(s *scene) { s.open.Owner.UID = "other" }, want: execution.ErrUnauthenticated, wantDenied: execution.DeniedForeignPod},
		"on a replica without the record": {change: func(s *scene) { s.open = nil }},
		"while the API server is away":    {change: func(s *scene) { s.podSeen, s.apiErr = false, errors.New("away") }, want: execution.ErrUnavailable},
		"for another node":                {change: func(s *scene) { s.key.Node = "b" }, want: execution.ErrOtherTask, wantDenied: execution.DeniedOtherTask},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScene()
				status := s.bound()
				s.reviews = &reviews{answer: func(authenticationv1.TokenReviewSpec) (authenticationv1.TokenReviewStatus, error) { return status, nil }}
				tt.change(s)
				if err := s.callbacks().Authenticate(t.Context(), s.key, token); !errors.Is(err, tt.want) || denied(err) != tt.wantDenied {
					t.Errorf("got %v, want %v, denied for %q", err, tt.want, tt.wantDenied)
				}
			})
		})
	}
}

func TestTheOperatorIsToldOfDenialsOnceAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene()
		s.open.Auth = execution.TokenAuth
		s.keyring = openKeyring(t, keyringOptions(fake.NewClientset()))
		callbacks := s.callbacks()
		other := s.key
		other.Node = "b"
		unknown := route.Keyring{Namespace: "ns", Controller: "name", Keys: []route.TokenKey{{1}}}
		testkit.Must(t, callbacks.Authenticate(t.Context(), s.key, s.keyring.Token(s.key)))
		for range 90 {
			if err := callbacks.Authenticate(t.Context(), other, s.keyring.Token(s.key)); !errors.Is(err, execution.ErrOtherTask) {
				t.Fatalf("the token of another node task: got %v", err)
			}
			if err := callbacks.Authenticate(t.Context(), s.key, unknown.Token(s.key)); denied(err) != execution.DeniedUnknownKey {
				t.Fatalf("a token of an unknown key: got %v", err)
			}
			time.Sleep(time.Second)
		}
		if len(s.otherTask) != 2 || s.otherTask[0] != [2]execution.Key{s.key, other} {
			t.Errorf("callbacks for another node: got %v, want that of node a for node b, twice", s.otherTask)
		}
		if len(s.unknownKey) != 2 || s.unknownKey[0] != s.key {
			t.Errorf("tokens of unknown keys: got %v, want that for node a, twice", s.unknownKey)
		}
	})
}
