// Command flooder is the program of a malicious job pod with the argument flood, and of a pod
// that measures the latency of its own callbacks with the argument measure.
package main
