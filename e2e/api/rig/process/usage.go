package process

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

// Usage returns the resource usage since the start.
func (p *Process) Usage() (u Usage, err error) {
	status, err := p.proc("status")
	if err != nil {
		return u, err
	}
	if _, rest, found := strings.Cut(status, "VmHWM:"); found {
		_, _ = fmt.Sscan(rest, &u.PeakRSS)
		u.PeakRSS <<= 10
	}
	stat, err := p.proc("stat")
	if err != nil {
		return u, err
	}
	// The name before the fields may contain anything except the last parenthesis.
	fields := strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:])
	const userTime, systemTime, ticksPerSecond = 11, 12, 100
	for _, i := range []int{userTime, systemTime} {
		var ticks int64
		_, _ = fmt.Sscan(fields[i], &ticks)
		u.CPU += time.Duration(ticks) * time.Second / ticksPerSecond
	}
	return u, nil
}

func (p *Process) proc(file string) (string, error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", p.PID(), file))
	if err != nil {
		return "", fmt.Errorf("resource usage: %w", err)
	}
	return string(data), nil
}
