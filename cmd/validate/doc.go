// Package validate checks a configuration before it is deployed: with the code
// that the controller reads it with when it starts, and with what experience
// says besides.
package validate
