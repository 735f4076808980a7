// Command batch-job-controller runs one Job on every node on a schedule, and accepts
// the callbacks of the pods.
package main
