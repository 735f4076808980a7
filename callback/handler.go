package callback

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/batch-job-controller/batch-job-controller/callback/httpserver"
	"github.com/batch-job-controller/batch-job-controller/callback/limits"
	"github.com/batch-job-controller/batch-job-controller/callback/payload"
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
	denials  *limits.Denials
	tasks    *limits.TaskLimiter
	warned   *warnOnce // a warning for each node task and limit
	now      func() time.Time
	log      *slog.Logger
}

// NewHandler serves the callbacks of the job pods.
func NewHandler(recorder Recorder, o Options) http.Handler {
	h := &handler{recorder: recorder, options: o, limits: o.Limits.WithDefaults(), warned: newWarnOnce(), now: o.Now, log: o.Log}
	if h.now == nil {
		h.now = time.Now
	}
	if h.log == nil {
		h.log = slog.New(slog.DiscardHandler)
	}
	h.denials = limits.NewDenials(h.now)
	h.tasks = limits.NewTaskLimiter(h.limits.PerTask, h.limits.Wait)
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
	limit  limits.Size // of the body
	budget limits.ReadBudget
	gate   *limits.Gate
	checks []check
	take   func(*call) (answer any, err error)
}

func (h *handler) endpoints() []*endpoint {
	// Neither slow uploads nor events, which wait for the API server, may block
	// results.
	of := func(bodies int) *limits.Gate { return limits.NewGate(max(bodies, 1), h.limits.Queue, h.limits.Wait) }
	results, files, events := of(h.limits.Bodies/2), of(h.limits.Bodies/2), of(h.limits.Bodies/4)
	brisk := limits.ReadBudget{Grace: h.limits.BodyDeadline}
	steady := limits.ReadBudget{Grace: h.limits.FileDeadline, Idle: h.limits.FileDeadline, Rate: h.limits.FileRate}
	return []*endpoint{
		{name: route.Result, limit: limits.Size{Limit: execution.ResultSize, Bytes: h.limits.Result}, budget: brisk, gate: results, checks: h.checks(payload.NoQuery, payload.NotMultipart), take: h.takeResult},
		{name: route.File, limit: limits.Size{Limit: execution.UploadSize, Bytes: h.limits.Upload}, budget: steady, gate: files, checks: h.checks(payload.OnlyName, payload.OneName), take: h.takeFiles},
		{name: route.Event, limit: limits.Size{Limit: execution.EventSize, Bytes: h.limits.Event}, budget: brisk, gate: events, checks: h.checks(payload.NoQuery, payload.NotMultipart), take: h.takeEvent},
	}
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
		call := h.newCall(k, c)
		defer h.observeCutOff(call)
		answer, err := h.work(call)
		if _, answered := answer.(forwarded); !answered {
			call.respond(answer, err)
		}
		h.observe(call, err)
	}
}

// observeCutOff observes a request whose response was cut off, and makes net/http close
// the connection: the client must not mistake the beginning for the whole.
func (h *handler) observeCutOff(c *call) {
	if p := recover(); p != nil {
		h.observe(c, errCutOff)
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
	leaveTask, err := h.tasks.Enter(c.request.Context(), c.key)
	if err != nil {
		return nil, err
	}
	defer leaveTask()
	leave, err := c.endpoint.gate.Enter(c.request.Context())
	if err != nil {
		return nil, err
	}
	defer leave()
	answer, err = h.takeOrForward(c)
	if broken := c.body.Broken(); broken != nil {
		return nil, broken // takes precedence over the recorder's error
	}
	return answer, err
}
