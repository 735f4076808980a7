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

// starting gets what a start needs of the cluster, and tells in an event what
// stands in its way, once for each problem.
type starting struct {
	log    *slog.Logger
	events startEvents
	jitter backoff.Jitter
	told   string
}

type startEvents interface {
	NotStarted(ctx context.Context, problem string) error
}

func newStarting(env config.Env, client kube.Client, log *slog.Logger) *starting {
	return &starting{log: log, jitter: jitter, events: kube.StartEvents{
		Client: client, Namespace: env.Namespace, ConfigMap: env.ConfigMapName, Instance: env.Hostname,
	}}
}

// jitter draws how much shorter than those of other replicas a pause is.
func jitter() float64 {
	return rand.Float64() //nolint:gosec // it spreads load, and guards nothing
}

// untilAnswered tries again while the API server does not answer: a process
// that ends would be started again later and later.
func (s *starting) untilAnswered(ctx context.Context, what string, load func() error) error {
	for pauses := backoff.New(time.Second, 15*time.Second, s.jitter); ; {
		err := load()
		var misuse *misuseError
		if err == nil || errors.As(err, &misuse) {
			return err
		}
		delay := pauses.Next()
		s.log.Error("what is needed to start could not be read, trying again", "what", what, "error", err, "in", delay)
		if apierrors.ReasonForError(err) != metav1.StatusReasonUnknown { // the API server is there
			s.tell(ctx, err.Error())
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

// ended tells why there was no start, if it is for a person to mend.
func (s *starting) ended(ctx context.Context, err error) {
	var misuse *misuseError
	if errors.As(err, &misuse) {
		s.tell(ctx, err.Error())
	}
}

func (s *starting) tell(ctx context.Context, problem string) {
	if problem == s.told {
		return
	}
	s.told = problem
	if err := s.events.NotStarted(ctx, problem); err != nil {
		s.log.Warn("event not written", "reason", "NotStarted", "error", err)
	}
}
