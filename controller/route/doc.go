// Package route owns the callback paths: the server registers them, and
// whoever writes URLs into pods builds them here, so that the two cannot drift
// apart.
package route
