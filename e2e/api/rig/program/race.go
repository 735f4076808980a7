//go:build race

package program

// raceDetector says that the tests, and so the server under test, use the race detector.
const raceDetector = true
