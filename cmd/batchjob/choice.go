package batchjob

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/manifests"
)

// choice is what people say they want to have installed.
type choice struct {
	overlay     string
	components  []string
	image       string
	config      string // a file, or - for the standard input
	podTemplate string // likewise
}

// offer is something to choose, and what it is for.
type offer struct{ name, purpose string }

// overlays are those for people: that of the tests is of no use to them.
func overlays() []offer {
	return []offer{
		{"demo", "a first look: runs once when it starts, reports in each of the ways there are"},
		{"dev", "trying things out: runs when it starts and every quarter of an hour; reports end with the pod"},
		{"staging", "as production, with one replica: reports on a volume, TLS, network policies"},
		{"production", "clusters on which others rely: two replicas, and a volume that several nodes can mount"},
	}
}

func components() []offer {
	return []offer{
		{"persistence", "reports outlive the pod, on a claimed volume of 5Gi"},
		{"ha", "two replicas on two nodes, with persistence on a volume that several nodes can mount"},
		{"network-policy", "who may connect to which port, where the cluster's network enforces it"},
		{"tls", "permissions for callback.tls and reports.tls"},
		{"report-auth", "permissions for reports.auth and callback.auth: serviceAccountToken"},
		{"service-monitor", "scraping by the Prometheus Operator"},
		{"monitoring", "service-monitor, with alerts and a Grafana dashboard"},
	}
}

func names(of []offer) string {
	var all []string
	for _, o := range of {
		all = append(all, o.name)
	}
	return strings.Join(all, ", ")
}

func offersText() string {
	var text strings.Builder
	for _, list := range []struct {
		title  string
		offers []offer
	}{{"Overlays:", overlays()}, {"Components, to add to one:", components()}} {
		fmt.Fprintf(&text, "\n%s\n", list.title)
		for _, o := range list.offers {
			fmt.Fprintf(&text, "  %-15s  %s\n", o.name, o.purpose)
		}
	}
	return strings.TrimRight(text.String(), "\n")
}

func (c *choice) bind(cmd *cobra.Command) {
	cmd.Long = cmp.Or(cmd.Long, cmd.Short+".") + "\n" + offersText()
	flags := cmd.Flags()
	flags.StringVar(&c.overlay, "overlay", "", "which installation: one of "+names(overlays()))
	flags.StringSliceVar(&c.components, "component", nil, "what to add to the overlay: any of "+names(components()))
	flags.StringVar(&c.image, "image", "", "image of the controller (default: that of the overlay)")
	flags.StringVarP(&c.config, "config", "f", "", "file with the configuration, config.yaml, or - (default: that of the overlay)")
	flags.StringVarP(&c.podTemplate, "pod-template", "t", "", "file with the pod template, or - (default: pod-template.yaml beside the configuration, else that of the overlay)")
	must(cmd.MarkFlagRequired("overlay"))
	must(cmd.RegisterFlagCompletionFunc("overlay", complete(overlays())))
	must(cmd.RegisterFlagCompletionFunc("component", complete(components())))
}

func complete(with []offer) cobra.CompletionFunc {
	var all []cobra.Completion
	for _, o := range with {
		all = append(all, cobra.CompletionWithDesc(o.name, o.purpose))
	}
	return cobra.FixedCompletions(all, cobra.ShellCompDirectiveNoFileComp)
}

// check tells of an overlay that there is not, and offers none of the tests'.
func (c *choice) check() error {
	known, err := manifests.Overlays()
	if err == nil && !slices.Contains(known, c.overlay) {
		err = fmt.Errorf("no overlay %q: must be one of %s", c.overlay, names(overlays()))
	}
	return err
}

// must is for what only a mistake in this package could make fail.
func must(err error) {
	if err != nil {
		panic(err)
	}
}

// fileOf returns where a value of the ConfigMap is from, and whether somebody
// has given it.
func (c *choice) fileOf(key string) (file string, given bool) {
	switch file = map[string]string{config.ConfigKey: c.config, config.PodTemplateKey: c.podTemplate}[key]; file {
	case "":
		return "overlay " + c.overlay + "/" + key, false
	case "-":
		return "stdin", true
	default:
		return file, true
	}
}
