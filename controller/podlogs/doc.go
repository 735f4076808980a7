// Package podlogs saves the logs of the containers of job pods. Package run decides when
// a log is due.
package podlogs
