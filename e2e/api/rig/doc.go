// Package rig is what tests against a real API server share: the server under
// test as a process of its own, a namespace with its configuration and its
// simulated nodes, and an audit of all that happens there, which sees with its
// own watches and trusts nothing that the server says.
package rig
