package simulation

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// runContainer is the script of a pod: it works, sends its result as curl does, perhaps
// the result of another part at the same time, perhaps a newer one, and ends.
func (w *world) runContainer(l *life) {
	luck := w.draw("script", l.pod)
	if !l.pause(luck.between(500*time.Millisecond, w.scenario.runFor)) {
		return
	}
	if also := w.draw("also", l.pod); also.chance(w.scenario.also) {
		w.work.Go(func() {
			if also = also.next(); l.pause(also.between(time.Microsecond, 100*time.Millisecond)) {
				w.handIn(l, secondPart, 1, also.next())
			}
		})
	}
	told := w.handIn(l, firstPart, 1, luck.next())
	w.meddle(l)
	if luck = luck.next().next(); told && luck.chance(w.scenario.after) {
		if !l.pause(luck.next().between(10*time.Millisecond, 3*time.Second)) {
			return
		}
		w.handIn(l, firstPart, 2, luck.next())
	}
	luck = luck.next().next()
	if !l.pause(luck.between(time.Millisecond, 500*time.Millisecond)) {
		return
	}
	exitCode := int32(0)
	if luck.next().chance(w.scenario.fails) {
		exitCode = 1
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.endPod(l, exitCode, "", 0)
}

// message is a result that a pod sends.
type message struct {
	key   execution.Key
	token string
	part  string
	value int
}

// The parts that nodes report, each a series.
const (
	firstPart  = "1"
	secondPart = "2"
)

func (m message) series() series { return series{m.key, m.part} }

func (m message) body() []byte {
	return fmt.Appendf(nil, `{"%s":[{"value":%d,"labels":{"%s":"%s"}}]}`, gaugeName, m.value, gaugeLabel, m.part)
}

// pause sleeps unless the container is killed.
func (l *life) pause(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-l.gone:
		return false
	}
}

// handIn posts a result, and reports whether it was accepted. Some pods give up when the
// first request fails; the others retry as curl --retry does.
func (w *world) handIn(l *life, part string, version int, luck luck) bool {
	m := message{key: l.key, token: l.token, part: part, value: w.oracle.number(l.key, version)}
	tries := 1
	if luck.chance(w.scenario.holder) {
		tries = 8
	}
	wait := time.Second
	for n := range tries {
		if n > 0 && !l.pause(wait+luck.between(0, time.Millisecond)) {
			return false
		}
		if n > 0 {
			wait *= 2
		}
		if w.post(l, m, roll(uint64(luck), n, "try")) == nil {
			return true
		}
	}
	return false
}

// post is one request with the pod's own result.
func (w *world) post(l *life, m message, luck luck) error {
	w.mu.Lock()
	w.oracle.sent(m)
	w.mu.Unlock()
	err := w.request(l, m, luck)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.note("pod", "post "+m.part, l.pod, fmt.Sprint(err))
	switch {
	case err == nil:
		w.oracle.acknowledged(m)
	case errors.Is(err, execution.ErrUnauthenticated), errors.Is(err, execution.ErrOtherTask):
		w.fail("I4: the pod %s was denied with its own token: %v", l.pod, err)
	case errors.Is(err, execution.ErrUnknownExecution), errors.Is(err, execution.ErrUnknownNode), errors.Is(err, execution.ErrEnded):
		w.oracle.refused(l, err)
	default:
		w.oracle.inDoubt(m)
	}
	return err
}

// request sends a message through a Service to any replica.
func (w *world) request(l *life, m message, luck luck) error {
	w.mu.Lock()
	var up []*process
	for _, p := range w.slots {
		if p != nil && p.replica != nil {
			up = append(up, p)
		}
	}
	if !w.reaches(l.job) {
		up = nil
	}
	w.mu.Unlock()
	err := errRefused
	if !l.pause(luck.between(time.Microsecond, time.Millisecond)) {
		return errKilled
	}
	if len(up) > 0 {
		err = up[luck.below(len(up))].receive(m, false, luck.next())
	}
	return err
}

// receive handles a message and returns the response. The response of a process that is
// killed meanwhile is lost.
func (p *process) receive(m message, forwarded bool, luck luck) error {
	awake := func() error {
		luck = luck.next()
		return p.awake(luck)
	}
	for _, travel := range []func() error{
		awake,
		func() error { return p.rest(luck.between(time.Millisecond, 20*time.Millisecond)) },
		awake,
		func() error { return p.callback(p.ctx, m, forwarded, luck.next()) },
		awake,
	} {
		switch err := travel(); {
		case errors.Is(err, errKilled), errors.Is(err, context.Canceled):
			return errReset
		case err != nil:
			return err
		}
	}
	return p.rest(luck.next().between(time.Millisecond, 20*time.Millisecond))
}
