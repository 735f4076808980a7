// Command extended is a controller of somebody's own: the one of this project
// and an extension, which gives every job pod the environment variable
// GREETING from the custom properties of the configuration.
package main
