package simulation

import (
	"cmp"
	"context"
	"errors"
	"math/rand" //nolint:depguard // client-go draws from its shared source
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/kubernetes"
)

// view is the API server as one process sees it.
type view struct {
	kubernetes.Interface // nil: the simulated clients replace what is used

	world   *world
	process *process
}

// IsWatchListSemanticsUnSupported tells client-go's reflectors to list and then
// watch.
func (v *view) IsWatchListSemanticsUnSupported() bool { return true }

// request is one request to the API server.
type request struct {
	verb   string
	kind   kind
	name   string
	status bool // it is about the subresource
	write  bool
}

func (r request) String() string {
	if r.status {
		return string(r.kind) + "/" + r.name + "/status"
	}
	return string(r.kind) + "/" + r.name
}

// isOf reports whether a request is about a kind. Executions are what ConfigMaps were for
// older seeds: records.
func (r request) isOf(k kind) bool {
	return r.kind == k || (k == configMaps && r.kind == executions)
}

var (
	errKilled  = errors.New("the process was killed")
	errRefused = errors.New("connection refused")
	errReset   = errors.New("connection reset by peer")
)

// do sends a request, which commit carries out at the API server. commit may run although
// do returns an error.
func (v *view) do(ctx context.Context, r request, commit func() error) error {
	err := v.send(ctx, r, commit)
	if err == nil {
		return nil
	}
	v.world.mu.Lock()
	defer v.world.mu.Unlock()
	if !apierrors.IsNotFound(err) && r.verb == "deletecollection" && r.kind == secrets {
		v.world.oracle.keepTokens()
	}
	// A token Secret is replaced by deleting it first.
	if isDenial(err) && (r.verb == "create" || (r.verb == "deletecollection" && r.name != "")) {
		v.world.oracle.denied(v.process.name, r)
	}
	return err
}

func (v *view) send(ctx context.Context, r request, commit func() error) error {
	w, p := v.world, v.process
	if err := ctx.Err(); err != nil {
		return err
	}
	l := p.luck(r)
	if err := p.awake(l); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err // before it is sent
	}
	there, back := w.latency(l)
	if err := p.wait(ctx, there, l); err != nil {
		if r.write && l.next().chance(0.5) { // it was sent already, also if the process is suspended since
			w.after(l.next().between(time.Millisecond, longestStray), func() { _ = w.serve(p, r, l, commit) })
		}
		return cmp.Or(p.awake(l), err)
	}
	if until := w.hangsUntil(p); !until.IsZero() {
		if err := p.sleep(ctx, time.Until(until)+back, l); err != nil {
			return err
		}
		return errReset
	}
	w.mu.Lock()
	err := w.serve(p, r, l, commit)
	w.mu.Unlock()
	if errors.Is(err, errLost) {
		return p.miss(ctx, l)
	}
	if sleeping := p.sleep(ctx, back, l); sleeping != nil {
		return sleeping
	}
	if dead := p.awake(l.next()); dead != nil {
		return dead
	}
	if err != nil || r.verb != "update" {
		// client-go may draw a pause now. The number of earlier draws, such as by processes
		// that die at one instant, must not matter.
		rand.Seed(int64(l)) //nolint:staticcheck // client-go uses no other source
	}
	return err
}

// longestStray is how long a request may still arrive after its sender has given it up:
// one connection carries the request and its cancellation.
const longestStray = 3 * time.Second

// errLost says that the request was carried out, and that its response is lost.
var errLost = errors.New("the response was lost")

// miss waits for a response that does not come.
func (p *process) miss(ctx context.Context, l luck) error {
	l = l.next().next()
	wait := l.between(time.Millisecond, 50*time.Millisecond)
	var err error = apierrors.NewInternalError(errors.New("etcdserver: request timed out"))
	switch l.next().below(3) {
	case 0:
		err = errReset
	case 1:
		wait = l.between(20*time.Second, 60*time.Second)
		err = apierrors.NewTimeoutError("no response came", 1)
	}
	if sleeping := p.sleep(ctx, wait, l); sleeping != nil {
		return sleeping
	}
	if dead := p.awake(l.next()); dead != nil {
		return dead
	}
	return err
}

// serve handles a request at the API server. The caller holds the lock.
func (w *world) serve(p *process, r request, l luck, commit func() error) error {
	if err := w.obstacle(p, r, l); err != nil {
		w.noteRequest(p, r, "refused: "+err.Error())
		return err
	}
	crash := w.crashes(p, r.kind == leases, l)
	if r.write && crash == crashBefore {
		w.kill(p, "before "+r.verb+" "+r.String())
		return errKilled
	}
	w.acting = p
	err := commit()
	w.acting = nil
	lost := r.write && w.stormy() && l.next().next().next().chance(w.scenario.lost)
	switch {
	case err != nil:
		w.noteRequest(p, r, err.Error())
	case lost:
		w.noteRequest(p, r, "done, but the response is lost")
	default:
		w.noteRequest(p, r, "")
	}
	if r.write && crash == crashAfter {
		w.kill(p, "after "+r.verb+" "+r.String())
		return errKilled
	}
	if lost && err == nil {
		return errLost
	}
	return err
}

func (w *world) noteRequest(p *process, r request, came string) {
	if r.kind == leases && came == "" && r.verb == "get" {
		return // every second or two
	}
	w.note(p.name, r.verb, r.String(), came)
}

// latency returns how long a request and its response are in transit.
func (w *world) latency(l luck) (there, back time.Duration) {
	l = l.next().next().next().next()
	there, back = l.between(time.Millisecond, 20*time.Millisecond), l.next().between(time.Millisecond, 20*time.Millisecond)
	if !w.stormy() {
		return there, back
	}
	switch l = l.next().next(); {
	case l.chance(w.scenario.slow / 8):
		there = l.next().between(5*time.Second, 45*time.Second)
	case l.chance(w.scenario.slow):
		there = l.next().between(200*time.Millisecond, 4*time.Second)
	case l.chance(2 * w.scenario.slow):
		back = l.next().between(200*time.Millisecond, 4*time.Second)
	}
	return there, back
}

// obstacle returns why the API server does not serve a request, or nil.
func (w *world) obstacle(p *process, r request, l luck) error {
	if !w.stormy() {
		return nil
	}
	for _, o := range w.scenario.outages {
		if o.covers(w.since(), p.slot) && !o.hangs {
			return errRefused
		}
	}
	for _, f := range w.scenario.forbidden {
		if f.covers(w.since(), p.slot) && r.isOf(f.kind) && r.write {
			return apierrors.NewForbidden(resource(r.kind), r.name, errors.New("exceeded quota"))
		}
	}
	for _, d := range w.scenario.denials {
		if d.covers(w.since(), p.slot) && r.isOf(d.kind) && (r.verb == "create" || r.verb == "update") {
			return denialsOf(r.kind, r.name)[d.answer]
		}
	}
	l = roll(uint64(l), 0, "obstacle")
	if !l.chance(w.scenario.refused) {
		return nil
	}
	switch l = l.next(); l.below(5) {
	case 0:
		return apierrors.NewTooManyRequests("the server is busy", 1)
	case 1:
		return errReset
	case 2:
		if r.verb == "update" && r.kind != leases {
			return apierrors.NewConflict(resource(r.kind), r.name, errors.New("a storm"))
		}
		return apierrors.NewServiceUnavailable("the server is starting")
	default:
		return apierrors.NewInternalError(errors.New("a webhook is down"))
	}
}

// hangsUntil returns the end of the outage in which requests hang, or the zero time.
func (w *world) hangsUntil(p *process) time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.stormy() {
		return time.Time{}
	}
	for _, o := range w.scenario.outages {
		if o.covers(w.since(), p.slot) && o.hangs {
			return w.start.Add(o.to)
		}
	}
	return time.Time{}
}
