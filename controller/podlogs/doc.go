// Package podlogs saves the logs of the containers of job pods. It knows pods and
// where logs are kept; when a log is due, package run knows.
package podlogs
