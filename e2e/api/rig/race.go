//go:build race

package rig

// raceDetector: a test under the race detector tests a server under it.
const raceDetector = true
