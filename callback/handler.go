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

// proxy forwards a request to another replica. If it returns an error, no response
// was written.
type proxy interface {
	Pass(w http.ResponseWriter, r *http.Request, host string) error
}

type handler struct {
	recorder Recorder
	options  Options
	limits   Limits
	proxy    proxy
	denials  denials
	tasks    *taskLimiter
	warned   *warnOnce // a warning for each node task and limit
	log      *slog.Logger
}

// NewHandler serves the callbacks of the job pods.
func NewHandler(recorder Recorder, o Options) http.Handler {
	h := &handler{recorder: recorder, options: o, limits: o.Limits.withDefaults(), warned: newWarnOnce(), log: o.Log}
	if h.log == nil {
		h.log = slog.New(slog.DiscardHandler)
	}
	h.tasks = newTaskLimiter(h.limits.PerTask, h.limits.Wait)
	h.proxy = httpserver.NewProxy(o.ForwardPort, o.ForwardTLS, answerTime, h.log)
	// In other modes gin prints its routes to stdout.
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	engine.HandleMethodNotAllowed = true
	engine.RedirectTrailingSlash = false // curl does not follow it, and loses its body if it does
	engine.RedirectFixedPath = false
	engine.UseRawPath = false
	engine.ForwardedByClientIP = false
	if err := engine.SetTrustedProxies(nil); err != nil {
		panic(err) // cannot happen: the list is not malformed
	}
	engine.NoRoute(h.serve(rejection(errNoRoute)))
	engine.NoMethod(h.serve(rejection(errNoMethod)))
	endpoints := h.endpoints()
	for _, prefix := range prefixes() {
		for _, k := range endpoints {
			engine.POST(prefix+route.Pattern(k.name), h.serve(k))
		}
	}
	return engine
}

// prefixes are the path prefixes of callbacks.
func prefixes() []string {
	return []string{
		"",
		route.TokenPrefix,
	}
}

// endpoint is how one kind of callback is served.
type endpoint struct {
	name   route.Kind
	limit  bound // of the body
	pace   readBudget
	gate   *gate
	checks []check
	take   func(*call) (answer any, err error)
}

// check validates a request before its body is read.
type check func(*call) error

func (h *handler) endpoints() []*endpoint {
	// Neither slow uploads nor events, which wait for the API server, may block
	// results.
	of := func(bodies int) *gate { return newGate(max(bodies, 1), h.limits.Queue, h.limits.Wait) }
	results, files, events := of(h.limits.Bodies/2), of(h.limits.Bodies/2), of(h.limits.Bodies/4)
	brisk := readBudget{grace: h.limits.BodyDeadline}
	steady := readBudget{grace: h.limits.FileDeadline, idle: h.limits.FileDeadline, rate: h.limits.FileRate}
	return []*endpoint{
		{name: route.Result, limit: bound{execution.ResultSize, h.limits.Result}, pace: brisk, gate: results, checks: h.checks(noQuery, notMultipart), take: h.takeResult},
		{name: route.File, limit: bound{execution.UploadSize, h.limits.Upload}, pace: steady, gate: files, checks: h.checks(onlyName, oneName), take: h.takeFiles},
		{name: route.Event, limit: bound{execution.EventSize, h.limits.Event}, pace: brisk, gate: events, checks: h.checks(noQuery, notMultipart), take: h.takeEvent},
	}
}

// checks are ordered by cost; an unauthenticated client costs least.
func (h *handler) checks(more ...check) []check {
	return append([]check{
		h.checkHeaders, // 431
		parseKey,       // 400: the path has no valid node or execution
		h.authenticate, // 401, 403
		checkFraming,   // 411: the length of the body is unknown
		h.checkLength,  // 413: the Content-Length is too large
		checkCoding,    // 415: compressed bodies are not supported
	}, more...) // 400, 415
}

// rejection serves requests that match no route.
func rejection(err error) *endpoint {
	return &endpoint{
		name:   "other",
		checks: []check{func(*call) error { return err }},
	}
}

// serve returns the handler of an endpoint.
func (h *handler) serve(k *endpoint) gin.HandlerFunc {
	return func(c *gin.Context) {
		call := newCall(k, c)
		defer h.recordCutOff(call)
		answer, err := h.work(call)
		if _, answered := answer.(forwarded); !answered {
			call.answer(answer, err)
		}
		h.record(call, err)
	}
}

// recordCutOff records a request whose response was cut off, and makes net/http close
// the connection: the client must not mistake the beginning for the whole.
func (h *handler) recordCutOff(c *call) {
	if p := recover(); p != nil {
		h.record(c, errCutOff)
		panic(p)
	}
}

// work runs a request's checks, waits for the gates, and processes its body. A panic
// becomes an error, so that only this request fails. http.ErrAbortHandler stays a
// panic: no other response may follow the one that was cut off.
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
	for _, check := range c.endpoint.checks {
		if err := check(c); err != nil {
			return nil, err
		}
	}
	leaveTask, err := h.tasks.enter(c.request.Context(), c.key)
	if err != nil {
		return nil, err
	}
	defer leaveTask()
	leave, err := c.endpoint.gate.enter(c.request.Context())
	if err != nil {
		return nil, err
	}
	defer leave()
	answer, err = h.takeOrForward(c)
	if broken := c.body.broken(); broken != nil {
		return nil, broken // takes precedence over the recorder's error
	}
	return answer, err
}

var (
	errNoRoute  = errors.New("no such path")
	errNoMethod = errors.New("method not allowed: use POST")
)
