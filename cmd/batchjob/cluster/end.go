package cluster

// EndText says how to end an open execution, by the name of its object. program is the name
// of this program.
func EndText(program, namespace, execution string) string {
	return "To end it early, with a report: " + program + " cancel " + execution + " -n " + namespace
}
