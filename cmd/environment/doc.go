// Package environment tells from a controller's Deployment what the controller
// will find in its environment: a configuration means something else in another
// one.
//
//	environment.go  the environment of the controller's container
//	variables.go    the values of its variables, wherever they come from
package environment
