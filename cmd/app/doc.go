// Package app wires the server: flags and environment in, an exit status out.
//
// A program with extensions calls Run with them; batch-job-controller itself calls it
// without any. See the example.
//
//	run.go         Run: from the command line to the exit status
//	cluster.go     what the startup reads and checks: ConfigMap, Service, pod template,
//	               permissions, callback key
//	starting.go    tries again while the API server does not respond
//	app.go         builds all parts, runs them, and shuts them down in reverse order (app.run;
//	               the health port is last, in run.go)
//	limits.go      callback.limits: the options of the servers of callbacks and reports
//	results.go     the gauges of results, and their limits
//	tls.go         the certificates of the ports
//	abouts.go      what the execution of a report is, for package web
//	viewers.go     gives package web the authorization of package auth
//	reload.go      whether this process would start with a changed ConfigMap
//	jobchecker.go  whether this process would run the Jobs of a NodeCronJob
//	health.go      probes: ready when Manager.Synced says so; pprof.go: profiles
//	extensions.go  what a program with extensions may add
//
// It is the one place that knows all packages, and it decides nothing about executions:
// package controller runs them, and packages callback and callback/web answer requests.
// Its package flags has the command line.
// Only the server's main package and programs with extensions import it.
package app
