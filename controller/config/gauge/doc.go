// Package gauge has the rules for the metrics that results become: what a definition may
// declare, and which names are taken.
//
//	gauge.go  the keys of a gauge, and the prefix of all
//	names.go  names of metrics that are not those of results
//
// It must not know the rest of a configuration, nor how a metric is exported: that is package
// metrics, whose own names are here.
package gauge
