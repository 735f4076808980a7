//go:build race

package rig

// raceDetector says that the tests, and so the server under test, use the race detector.
const raceDetector = true
