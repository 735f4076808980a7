package supervisor

import (
	"fmt"
	"os"
	"sort"
	"strconv"
	"strings"
)

// ProcessStatus is the status of one process.
type ProcessStatus struct {
	Name    string `json:"name"`
	Running bool   `json:"running"`
	// PID is the process ID in the cluster's PID namespace.
	PID          int    `json:"pid,omitempty"`
	Exit         string `json:"exit,omitempty"`
	RSSBytes     int64  `json:"rssBytes,omitempty"`
	PeakRSSBytes int64  `json:"peakRSSBytes,omitempty"`
	// CPUMilliseconds is the sum of user and system time.
	CPUMilliseconds int64 `json:"cpuMilliseconds,omitempty"`
}

func (p *processes) status() []ProcessStatus {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := make([]ProcessStatus, 0, len(p.list))
	for _, proc := range p.list {
		status := ProcessStatus{Name: proc.Name, Exit: proc.exit}
		if proc.running() {
			status.Running = true
			status.PID = proc.cmd.Process.Pid
			status.measure()
		}
		list = append(list, status)
	}
	sort.Slice(list, func(i, j int) bool { return list[i].Name < list[j].Name })
	return list
}

// measure leaves zeros if the process ends meanwhile.
func (s *ProcessStatus) measure() {
	data, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.PID))
	s.RSSBytes = statusBytes(string(data), "VmRSS:")
	s.PeakRSSBytes = statusBytes(string(data), "VmHWM:")
	data, _ = os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.PID))
	s.CPUMilliseconds = statCPU(string(data))
}

// statusBytes reads a line such as "VmRSS:   1234 kB".
func statusBytes(status, key string) int64 {
	for line := range strings.Lines(status) {
		if rest, ok := strings.CutPrefix(line, key); ok {
			kib, _ := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return kib << 10
		}
	}
	return 0
}

// statCPU adds the 14th and 15th field, in ticks of 10 ms. The second field, the name of the
// program, may contain spaces.
func statCPU(stat string) int64 {
	_, rest, _ := strings.Cut(stat, ") ")
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.ParseInt(fields[11], 10, 64)
	system, _ := strconv.ParseInt(fields[12], 10, 64)
	return (user + system) * 10
}
