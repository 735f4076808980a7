package rig

import (
	"net/http"
	"time"
)

// WaitReady waits until the server is ready.
func (s *Server) WaitReady(timeout time.Duration) {
	s.site.tb.Helper()
	url := "http://" + s.site.ports.address(s.replica, s.site.ports.health) + "/readyz"
	s.poll(timeout, "it is ready", func() bool {
		response, err := http.Get(url)
		if err != nil {
			return false
		}
		_ = response.Body.Close()
		return response.StatusCode == http.StatusOK
	})
}

// WaitMetrics waits until the metrics of the server meet the condition.
func (s *Server) WaitMetrics(timeout time.Duration, condition string, holds func(Metrics) bool) {
	s.site.tb.Helper()
	s.poll(timeout, condition, func() bool {
		m, err := s.Scrape()
		return err == nil && holds(m)
	})
}

// poll polls a condition that cannot be watched.
func (s *Server) poll(timeout time.Duration, condition string, holds func() bool) {
	s.site.tb.Helper()
	deadline := time.NewTimer(timeout)
	defer deadline.Stop()
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	for !holds() {
		select {
		case <-ticker.C:
		case <-s.process.Ended():
			s.site.tb.Fatalf("replica %d ended before %s", s.replica, condition)
		case <-deadline.C:
			s.site.tb.Fatalf("replica %d: not after %s: %s", s.replica, timeout, condition)
		}
	}
}
