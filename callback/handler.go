package callback

import (
	"errors"
	"log/slog"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/batch-job-controller/batch-job-controller/callback/httpserver"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/route"
)

// proxy passes a request on to another replica. If it returns an error, nothing
// was answered.
type proxy interface {
	Pass(w http.ResponseWriter, r *http.Request, host string) error
}

type handler struct {
	recorder Recorder
	options  Options
	limits   Limits
	proxy    proxy
	denials  denials
	crowd    *crowd
	limited  *firsts // of node tasks, at a limit each
	log      *slog.Logger
}

// NewHandler serves the callbacks of the job pods.
func NewHandler(recorder Recorder, o Options) http.Handler {
	h := &handler{recorder: recorder, options: o, limits: o.Limits.withDefaults(), limited: newFirsts(), log: o.Log}
	if h.log == nil {
		h.log = slog.New(slog.DiscardHandler)
	}
	h.crowd = newCrowd(h.limits.PerTask, h.limits.Wait)
	h.proxy = httpserver.NewProxy(o.ForwardPort, o.ForwardTLS, answerTime, h.log)
	// Without it gin prints its routes to the standard output.
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	engine.HandleMethodNotAllowed = true
	engine.RedirectTrailingSlash = false // curl does not follow it, and loses its body if it does
	engine.RedirectFixedPath = false
	engine.UseRawPath = false
	engine.ForwardedByClientIP = false
	if err := engine.SetTrustedProxies(nil); err != nil {
		panic(err) // only a malformed list is refused
	}
	engine.NoRoute(h.serve(refusal(errNoRoute)))
	engine.NoMethod(h.serve(refusal(errNoMethod)))
	kinds := h.kinds()
	for _, prefix := range prefixes() {
		for _, k := range kinds {
			engine.POST(prefix+route.Pattern(k.name), h.serve(k))
		}
	}
	return engine
}

// prefixes are the paths below which the callbacks are found.
func prefixes() []string {
	return []string{
		"",
		route.TokenPrefix,
	}
}

// kind is how one kind of callback is served.
type kind struct {
	name   route.Kind
	limit  bound // of the body
	pace   pace
	gate   *gate
	checks []check
	take   func(*call) (answer any, err error)
}

// check looks at a request before its body is read.
type check func(*call) error

func (h *handler) kinds() []*kind {
	// Slow uploads must not keep results out, nor must events for which the API
	// server takes its time.
	of := func(bodies int) *gate { return newGate(max(bodies, 1), h.limits.Queue, h.limits.Wait) }
	results, files, events := of(h.limits.Bodies/2), of(h.limits.Bodies/2), of(h.limits.Bodies/4)
	brisk := pace{grace: h.limits.BodyDeadline}
	steady := pace{grace: h.limits.FileDeadline, idle: h.limits.FileDeadline, rate: h.limits.FileRate}
	return []*kind{
		{name: route.Result, limit: bound{execution.ResultSize, h.limits.Result}, pace: brisk, gate: results, checks: h.checks(noQuery, notMultipart), take: h.takeResult},
		{name: route.File, limit: bound{execution.UploadSize, h.limits.Upload}, pace: steady, gate: files, checks: h.checks(onlyName, oneName), take: h.takeFiles},
		{name: route.Event, limit: bound{execution.EventSize, h.limits.Event}, pace: brisk, gate: events, checks: h.checks(noQuery, notMultipart), take: h.takeEvent},
	}
}

// checks are ordered from cheap to dear; who is not known to us costs nothing.
func (h *handler) checks(more ...check) []check {
	return append([]check{
		h.checkHeaders, // 431
		parseKey,       // 400: the path names no node or no execution
		h.authenticate, // 401, 403
		checkFraming,   // 411: where the body ends is not known
		h.checkLength,  // 413: it says itself that it is too large
		checkCoding,    // 415: nothing is ever decompressed
	}, more...) // 400, 415
}

// refusal serves what no route matches.
func refusal(err error) *kind {
	return &kind{
		name:   "other",
		checks: []check{func(*call) error { return err }},
	}
}

// serve returns the handler of a kind.
func (h *handler) serve(k *kind) gin.HandlerFunc {
	return func(c *gin.Context) {
		call := newCall(k, c)
		defer h.recordCutOff(call)
		answer, err := h.work(call)
		if _, answered := answer.(taken); !answered {
			call.answer(answer, err)
		}
		h.record(call, err)
	}
}

// recordCutOff records a request whose answer could not be brought to its end,
// and has net/http close the connection: the client must not take what it has
// for the whole.
func (h *handler) recordCutOff(c *call) {
	if p := recover(); p != nil {
		h.record(c, errCutOff)
		panic(p)
	}
}

// work passes a request through its checks and through the gate, and has its
// body taken. A panic is an error: this request fails, no other. It is none
// that an answer was cut off, behind which no other may follow.
func (h *handler) work(c *call) (answer any, err error) {
	defer func() {
		switch p := recover(); p {
		case nil:
		case http.ErrAbortHandler: // net/http compares it the same way
			panic(p)
		default:
			answer, err = nil, newPanicError(p)
		}
	}()
	for _, check := range c.kind.checks {
		if err := check(c); err != nil {
			return nil, err
		}
	}
	depart, err := h.crowd.enter(c.request.Context(), c.key)
	if err != nil {
		return nil, err
	}
	defer depart()
	leave, err := c.kind.gate.enter(c.request.Context())
	if err != nil {
		return nil, err
	}
	defer leave()
	answer, err = h.takeOrForward(c)
	if broken := c.body.broken(); broken != nil {
		return nil, broken // whatever the recorder made of it
	}
	return answer, err
}

var (
	errNoRoute  = errors.New("no such path")
	errNoMethod = errors.New("the method is not allowed: callbacks are posted")
)
