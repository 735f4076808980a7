package metrics

import "github.com/prometheus/client_golang/prometheus"

// Store is the state of the report directory, read at each scrape.
type Store interface {
	// Free returns how many bytes may still be written. It returns soon, even
	// if the disk hangs.
	Free() int64
	// Reserved returns how many bytes must be free for a file to be accepted.
	Reserved() int64
	// Healthy reports whether the last write succeeded.
	Healthy() bool
}

// WatchStore exports the state of a report directory. It panics if reg has metrics of
// these names already.
func WatchStore(reg prometheus.Registerer, s Store) {
	watch := func(name, help string, value func() float64) {
		reg.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: namespace, Name: name, Help: help}, value))
	}
	watch("report_store_free_bytes", "Bytes that may still be written to the report directory.", func() float64 {
		return float64(s.Free())
	})
	watch("report_store_reserved_bytes", "Bytes that must be free for a file to be accepted.", func() float64 {
		return float64(s.Reserved())
	})
	watch("report_store_healthy", "Whether the last write to the report directory succeeded: 1 yes, 0 no.", func() float64 {
		if s.Healthy() {
			return 1
		}
		return 0
	})
}
