// Package follow follows the changes of objects of one kind, and misses none. It knows nothing of
// the server under test.
package follow
