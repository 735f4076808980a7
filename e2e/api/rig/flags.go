package rig

// flags returns the flags of the server, and those of WithArgs.
func (s *Server) flags() []string {
	p := s.site.ports
	var all []string
	for _, f := range []struct{ name, deprecated, value string }{
		{"--kubeconfig", "-kubeconfig", s.kubeconfig},
		{"--report-bind-address", "-report-address", p.address(s.replica, p.report)},
		{"--callback-bind-address", "-callback-address", p.address(s.replica, p.callback)},
		{"--health-probe-bind-address", "-health-address", p.address(s.replica, p.health)},
		{"--metrics-bind-address", "-metrics-address", p.address(s.replica, p.metrics)},
		{"--advertise-address", "-advertise-address", s.Host},
		{"--shutdown-delay-duration", "-drain", drain.String()},
		{"--leader-elect-lease-duration", "-leader-lease-duration", s.lease.Duration.String()},
		{"--leader-elect-renew-deadline", "-leader-renew-deadline", s.lease.RenewDeadline.String()},
		{"--leader-elect-retry-period", "-leader-retry-period", s.lease.RetryPeriod.String()},
		{"--logging-format", "-log-format", "text"},
	} {
		name := f.name
		if s.deprecated {
			name = f.deprecated
		}
		all = append(all, name+"="+f.value)
	}
	return append(all, s.args...)
}
