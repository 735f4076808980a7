// Package forward says how the user gets at the ports of a controller: the commands that
// forward to them, and what is to be found there.
package forward
