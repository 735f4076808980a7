// Package environment tells from a controller's Deployment what the controller
// will find in its environment: a configuration means something else in another
// one.
package environment
