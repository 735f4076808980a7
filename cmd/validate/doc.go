// Package validate checks a configuration before it is deployed, with the
// controller's own code, and warns of common mistakes.
//
//	run.go              Run: the subcommand; options.go: its flags
//	input.go            reads the files that the flags name
//	nodecronjob.go      decodes a NodeCronJob, with all that is wrong with it
//	check.go            Check: the configuration as the controller decodes it, and a preview
//	advice.go           warns of executions that overlap, and of a pool or history that is too large
//	advice_clocks.go    warns of days on which clocks change
//	advice_template.go  warns of mistakes in the pod template
//	narrow.go           the fields by which a pod template rules out nodes
//	finding.go          Finding: a problem or a warning
//	place.go            the line of a finding
//	write.go            findings, summary and Job as text
//
// It knows files, and where in them a value is. It must not know the cluster, and it has
// no rule of its own that would refuse a configuration: packages config, plan and
// jobspec have these, so that what it accepts is what the controller accepts.
package validate
