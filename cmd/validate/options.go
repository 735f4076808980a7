package validate

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net/netip"

	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/api/validate/content"
)

// options are the parsed command line.
type options struct {
	config    string
	template  string
	output    string
	namespace string
	node      string
	podIP     string
	nodes     int
	volume    byteSize
	report    byteSize
}

// The outputs for a valid configuration.
const (
	outputSummary = "summary"
	outputJob     = "job"
)

const usage = `Check a configuration before you deploy it, as the controller does at startup.

  validate -f config.yaml -t pod-template.yaml
  validate -f - < manifest-with-a-configmap.yaml
  validate -f node-cron-jobs.yaml

Problems and warnings are written to stderr, as file:line: path: message. The exit status is 0 if the
configuration is valid, 1 if it is invalid, and 2 if the command line is invalid.

`

func parseOptions(args []string, output io.Writer) (*options, error) {
	o := &options{}
	flags := flag.NewFlagSet("validate", flag.ContinueOnError)
	flags.SetOutput(output)
	flags.Usage = func() {
		fmt.Fprint(output, usage)
		flags.PrintDefaults()
	}
	flags.StringVar(&o.config, "f", "config.yaml", "config.yaml, or a manifest with a ConfigMap that contains both keys, or with NodeCronJobs; - is stdin")
	flags.StringVar(&o.template, "t", "", "the pod template; empty: pod-template.yaml beside config.yaml")
	flags.StringVar(&o.config, "config", o.config, "the same as -f")
	flags.StringVar(&o.template, "pod-template", o.template, "the same as -t")
	flags.StringVar(&o.output, "o", outputSummary, "output for a valid configuration: summary, or job for the Job of a node as YAML")
	flags.StringVar(&o.node, "node", sampleNode, "node whose Job is rendered")
	flags.StringVar(&o.namespace, "namespace", "", "namespace of the controller; empty: that of the object in the manifest, else a sample")
	flags.StringVar(&o.podIP, "pod-ip", "", "POD_IP, if it is set in the environment of the controller")
	flags.IntVar(&o.nodes, "nodes", 0, "number of selected nodes; 0: unknown")
	flags.Var(&o.volume, "volume", "`size` of the volume with the report directory, such as 20Gi; with -nodes, prints how much each node may send")
	flags.Var(&o.report, "report", "`size` of what a node sends in an execution, such as 2Mi; warns if -volume is too small for it")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	return o, o.validate(flags.Args())
}

// validate returns all problems.
func (o *options) validate(rest []string) error {
	var errs []error
	_, err := netip.ParseAddr(o.podIP)
	for _, rule := range []struct {
		broken bool
		what   string
	}{
		{len(rest) > 0, fmt.Sprintf("unexpected arguments %q: name files with -f and -t", rest)},
		{o.output != outputSummary && o.output != outputJob, "-o " + o.output + ": must be summary or job"},
		{o.config == stdinName && o.template == stdinName, "-f - and -t -: only one of them can be stdin"},
		{o.nodes < 0, "-nodes: must not be negative"},
		{len(content.IsDNS1123Subdomain(o.node)) > 0, "-node " + o.node + ": must be the name of a node, such as worker-1.example.com"},
		{o.namespace != "" && len(content.IsDNS1123Label(o.namespace)) > 0, "-namespace " + o.namespace + ": must be the name of a namespace"},
		{o.podIP != "" && err != nil, "-pod-ip " + o.podIP + ": must be an IP address"},
		{o.volume > 0 && o.nodes == 0, "-volume: requires -nodes"},
		{o.report > 0 && o.volume == 0, "-report: requires -volume"},
	} {
		if rule.broken {
			errs = append(errs, errors.New(rule.what))
		}
	}
	return errors.Join(errs...)
}

// byteSize is a flag for a size in Kubernetes' notation.
type byteSize int64

// String returns the size, or nothing for 0.
func (b *byteSize) String() string {
	if b == nil || *b == 0 {
		return ""
	}
	return size(int64(*b))
}

// Set parses a size.
func (b *byteSize) Set(text string) error {
	quantity, err := resource.ParseQuantity(text)
	if err != nil || quantity.Value() <= 0 {
		return errors.New("must be a size, such as 64Ki, 2Mi or 20Gi")
	}
	*b = byteSize(quantity.Value())
	return nil
}
