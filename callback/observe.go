package callback

import (
	"errors"
	"log/slog"
	"net/http"

	"github.com/batch-job-controller/batch-job-controller/callback/limits"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/route"
)

// observe logs and counts a request. It logs the pattern of the route, because the path
// may contain a secret.
func (h *handler) observe(c *call, err error) {
	status := c.gin.Writer.Status()
	duration := h.now().Sub(c.started)
	attrs := []slog.Attr{
		slog.String("execution", string(c.key.Execution)),
		slog.String("node", c.key.Node),
		slog.String("kind", string(c.endpoint.name)),
		slog.Int("status", status),
		slog.Int64("bytes", c.body.Received()),
		slog.Duration("duration", duration),
		slog.String("route", c.gin.FullPath()),
		slog.Bool("forwarded", c.forwarded),
	}
	if err != nil {
		attrs = append(attrs, slog.String("error", route.RedactForLog(err.Error()))) // it may quote the name of a file
	}
	level := levelOf(status)
	if c.redacted > 0 {
		attrs = append(attrs, slog.Int("redacted", c.redacted))
		level = max(level, slog.LevelWarn)
	}
	if limit, again := h.observeLimit(c, err); limit != "" {
		attrs = append(attrs, slog.String("limit", string(limit)))
		if again {
			level = slog.LevelDebug
		}
	}
	var denied *execution.DeniedError
	if errors.As(err, &denied) {
		attrs = append(attrs, slog.String("remote", remoteHost(c))) // everything else about the client is unproven
		if h.options.ObserveDenied != nil {
			h.options.ObserveDenied(denied.Reason)
		}
	}
	h.log.LogAttrs(c.request.Context(), level, "callback", attrs...)
	if h.options.Observe != nil && !c.forwarded {
		h.options.Observe(string(c.endpoint.name), status, duration)
	}
}

// observeLimit counts a request that exceeded a limit, and reports whether the node
// task exceeded it before. The leader counts forwarded requests.
func (h *handler) observeLimit(c *call, err error) (limit execution.Limit, again bool) {
	limit = limits.Exceeded(err)
	if limit == "" || c.forwarded {
		return "", false
	}
	if h.options.ObserveLimit != nil {
		h.options.ObserveLimit(string(c.endpoint.name), limit)
	}
	return limit, !h.warned.add(warnKey{key: c.key, kind: c.endpoint.name, limit: limit})
}

func levelOf(status int) slog.Level {
	switch {
	case status < http.StatusBadRequest:
		return slog.LevelDebug
	case status == http.StatusInternalServerError:
		return slog.LevelError
	default:
		return slog.LevelWarn
	}
}
