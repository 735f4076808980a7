package rig

import (
	"fmt"
	"os"
	"strings"
	"time"
)

// Usage is the resource usage of a running process.
type Usage struct {
	PeakRSS int64 // bytes
	CPU     time.Duration
}

// Usage returns the resource usage of the server since its start.
func (s *Server) Usage() Usage {
	s.site.tb.Helper()
	var u Usage
	status := s.proc("status")
	if _, rest, found := strings.Cut(status, "VmHWM:"); found {
		_, _ = fmt.Sscan(rest, &u.PeakRSS)
		u.PeakRSS <<= 10
	}
	// The name before the fields may contain anything except the last parenthesis.
	stat := s.proc("stat")
	fields := strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:])
	const userTime, systemTime, ticksPerSecond = 11, 12, 100
	for _, i := range []int{userTime, systemTime} {
		var ticks int64
		_, _ = fmt.Sscan(fields[i], &ticks)
		u.CPU += time.Duration(ticks) * time.Second / ticksPerSecond
	}
	return u
}

func (s *Server) proc(file string) string {
	s.site.tb.Helper()
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", s.PID(), file))
	if err != nil {
		s.site.tb.Fatal(err)
	}
	return string(data)
}
