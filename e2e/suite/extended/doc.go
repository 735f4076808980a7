// Command extended is the controller with an extension, as a user may build it. The extension
// sets the environment variable GREETING of every job pod from the custom properties of the
// configuration.
package main
