package cli

// Must panics on an error that only a bug in this program can cause, such as a completion of
// a flag that does not exist.
func Must(err error) {
	if err != nil {
		panic(err)
	}
}
