package jobs_test

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobs"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/testkit"
	"github.com/batch-job-controller/batch-job-controller/controller/timing"
	"github.com/batch-job-controller/batch-job-controller/controller/tokens"
)

var (
	errNoResponse = errors.New("EOF")
	errForbidden  = apierrors.NewForbidden(schema.GroupResource{Resource: "jobs"}, "x", errors.New("quota"))
	errInvalid    = apierrors.NewInvalid(schema.GroupKind{Kind: "Job"}, "x", field.ErrorList{field.Required(field.NewPath("spec"), "")})
	errBusy       = apierrors.NewServiceUnavailable("busy")
)

func TestCreate(t *testing.T) {
	tests := map[string]struct {
		given       func(*world)
		wantCreated bool
		wantRecheck time.Duration
		wantUntil   time.Duration // from now
		wantEnd     execution.Reason
		wantErr     error
		wantNotices []string
		wantCodes   []string
	}{
		"it is created":             {given: func(*world) {}, wantCreated: true},
		"an earlier request did it": {given: func(w *world) { w.job(owner.UID, nil) }, wantCreated: true, wantRecheck: timing.LongestSleep},
		"another client did it":     {given: func(w *world) { w.job("of another execution", nil) }, wantEnd: execution.ForeignJob},
		"the Lease is lost":         {given: func(w *world) { w.fence = errNoResponse }, wantErr: errNoResponse},
		"the template is no YAML":   {given: func(w *world) { w.plan.Settings.PodTemplate = "{" }, wantEnd: execution.JobInvalid, wantNotices: []string{kube.EventJobInvalid}},
		"the Job is invalid":        {given: func(w *world) { w.failing("create", "jobs", errInvalid) }, wantEnd: execution.JobInvalid, wantNotices: []string{kube.EventJobInvalid}, wantCodes: []string{"422"}},
		"it is rejected":            {given: func(w *world) { w.failing("create", "jobs", errForbidden) }, wantRecheck: time.Minute, wantErr: errForbidden, wantNotices: []string{kube.EventJobRefused}, wantCodes: []string{"403"}},
		"there is no response":      {given: func(w *world) { w.failing("create", "jobs", errNoResponse) }, wantUntil: kube.RequestGrace, wantErr: errNoResponse, wantCodes: []string{"none"}},
		"the API server is busy":    {given: func(w *world) { w.failing("create", "jobs", errBusy) }, wantUntil: kube.RequestGrace, wantErr: errBusy, wantCodes: []string{"503"}},
		"there is no callback key":  {given: func(w *world) { w.token = tokens.ErrNoKeyring }, wantRecheck: time.Minute, wantErr: tokens.ErrNoKeyring, wantNotices: []string{kube.EventJobRefused}},
		"the Secret is invalid":     {given: func(w *world) { w.token = errInvalid }, wantRecheck: time.Minute, wantErr: errInvalid, wantNotices: []string{kube.EventJobRefused}},
		"no response about Secrets": {given: func(w *world) { w.token = errNoResponse }, wantErr: errNoResponse},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				tt.given(w)
				j := w.jobs()
				got, err := j.Create(t.Context(), w.lease, w.first(j))
				var until time.Time
				if tt.wantUntil > 0 {
					until = time.Now().Add(tt.wantUntil)
				}
				if got.Created != tt.wantCreated || got.Recheck != tt.wantRecheck || got.End.Outcome.Reason != tt.wantEnd || !got.Until.Equal(until) {
					t.Errorf("got %+v", got)
				}
				if !errors.Is(err, tt.wantErr) {
					t.Errorf("got %v, want %v", err, tt.wantErr)
				}
				if !slices.Equal(w.notices, tt.wantNotices) || !slices.Equal(w.codes, tt.wantCodes) {
					t.Errorf("got notices %v and codes %v", w.notices, w.codes)
				}
			})
		})
	}
}

func TestTheJobThatIsCreated(t *testing.T) {
	w := newWorld(t)
	j := w.jobs()
	task := w.first(j)
	_, err := j.Create(t.Context(), w.lease, task)
	testkit.Must(t, err)
	job, err := w.client.BatchV1().Jobs(namespace).Get(t.Context(), task.Name, metav1.GetOptions{})
	testkit.Must(t, err)
	if !jobspec.Owned(job, owner, task.Key) {
		t.Errorf("%+v is not owned by the execution", job.ObjectMeta)
	}
}

// TestRejections has the API server reject a Job until startDeadline.
func TestRejections(t *testing.T) {
	tests := map[string]struct {
		before func(*world, *jobs.Jobs) // of the last request
		want   execution.Reason
	}{
		"it is rejected all the time": {func(*world, *jobs.Jobs) {}, execution.JobRefused},
		"the execution was paused":    {func(_ *world, j *jobs.Jobs) { j.Resumed() }, ""},
		"a leader has created it":     {func(w *world, _ *jobs.Jobs) { w.job(owner.UID, nil) }, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.failing("create", "jobs", errForbidden)
				j := w.jobs()
				for range 2 {
					if got, err := j.Create(t.Context(), w.lease, w.first(j)); got.End.Outcome.Reason != "" || !errors.Is(err, errForbidden) {
						t.Errorf("within startDeadline: got %+v, %v", got, err)
					}
					time.Sleep(w.plan.Settings.StartDeadline / 2)
				}
				tt.before(w, j)
				got, _ := j.Create(t.Context(), w.lease, w.first(j))
				if got.End.Outcome.Reason != tt.want {
					t.Errorf("got %+v, want %q", got, tt.want)
				}
			})
		})
	}
}
