// Package podlogs saves the logs of the containers of job pods, with their credentials
// redacted. Packages plan and run decide when a log is due. The size limit is here (save.go);
// report.Store.SaveLog cuts the log, and writes its last line, which says so.
package podlogs
