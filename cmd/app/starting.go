package app

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/backoff"
	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
)

// starting reads what the startup needs from the cluster, and writes an event about
// each problem once.
type starting struct {
	log    *slog.Logger
	events startEvents
	jitter backoff.Jitter
	last   string // the problem of the last event
}

type startEvents interface {
	NotStarted(ctx context.Context, problem string) error
}

func newStarting(env config.Env, client kube.Client, log *slog.Logger) *starting {
	return &starting{log: log, jitter: jitter, events: kube.StartEvents{
		Client: client, Namespace: env.Namespace, ConfigMap: env.ConfigMapName, Instance: env.Hostname,
	}}
}

// jitter returns a random share by which a pause is shortened.
func jitter() float64 {
	return rand.Float64() //nolint:gosec // it spreads load and protects nothing
}

// untilAnswered retries while the API server does not respond: a process that exits
// would be restarted with growing delays.
func (s *starting) untilAnswered(ctx context.Context, what string, load func() error) error {
	for pauses := backoff.New(time.Second, 15*time.Second, s.jitter); ; {
		err := load()
		var misuse *misuseError
		if err == nil || errors.As(err, &misuse) {
			return err
		}
		delay := pauses.Next()
		s.log.Error("cannot start yet, retrying", "step", what, "error", err, "pause", delay)
		if apierrors.ReasonForError(err) != metav1.StatusReasonUnknown { // the API server has responded
			s.report(ctx, err.Error())
		}
		timer := time.NewTimer(delay)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return err
		}
	}
}

// ended reports why the startup failed, if an operator has to fix it.
func (s *starting) ended(ctx context.Context, err error) {
	var misuse *misuseError
	if errors.As(err, &misuse) {
		s.report(ctx, err.Error())
	}
}

func (s *starting) report(ctx context.Context, problem string) {
	if problem == s.last {
		return
	}
	s.last = problem
	if err := s.events.NotStarted(ctx, problem); err != nil {
		s.log.Warn("event not written", "reason", "NotStarted", "error", err)
	}
}
