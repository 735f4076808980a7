// Command cluster starts, shows and stops the built-in Kubernetes cluster.
package main
