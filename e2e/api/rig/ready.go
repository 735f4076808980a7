package rig

import (
	"net/http"
	"time"
)

// WaitReady waits until the server says that it is ready. That cannot be
// watched.
func (s *Server) WaitReady(timeout time.Duration) {
	s.site.tb.Helper()
	url := "http://" + s.site.ports.address(s.replica, s.site.ports.health) + "/readyz"
	deadline := time.NewTimer(timeout)
	defer deadline.Stop()
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	for {
		response, err := http.Get(url)
		if err == nil {
			_ = response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return
			}
		}
		select {
		case <-ticker.C:
		case <-s.process.ended:
			s.site.tb.Fatal("the server ended before it was ready")
		case <-deadline.C:
			s.site.tb.Fatalf("the server is not ready after %s", timeout)
		}
	}
}
