// Command batch-job-controller runs one Job on every node on a schedule, and
// takes back what the pods report.
package main
