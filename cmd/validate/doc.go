// Package validate checks a configuration before it is deployed, with the
// controller's own code, and warns of common mistakes.
package validate
