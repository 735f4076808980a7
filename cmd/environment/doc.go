// Package environment computes the environment variables of a controller from its
// Deployment: the meaning of a configuration depends on them.
//
//	environment.go  the environment of the controller's container
//	variables.go    the values of its variables, wherever they come from
package environment
