package install

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/cli"
	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/manifests"
)

// selection is what to install.
type selection struct {
	overlay     string
	components  []string
	image       string
	config      string // a file, or - for stdin
	podTemplate string // likewise
}

// option is an overlay or a component, and its purpose.
type option struct{ name, purpose string }

// overlays are the overlays for users, without the one for tests.
func overlays() []option {
	return []option{
		{"demo", "a first look: runs once at startup, and sends a result, a file and an event"},
		{"dev", "development: runs at startup and every 15 minutes; reports are lost with the pod"},
		{"staging", "like production, with one replica: reports on a volume, TLS, network policies"},
		{"production", "two replicas, and a ReadWriteMany volume"},
	}
}

func components() []option {
	return []option{
		{"persistence", "reports on a PersistentVolumeClaim of 5Gi"},
		{"ha", "two replicas on two nodes, with reports on a ReadWriteMany volume"},
		{"network-policy", "network policies for all ports, if the cluster's network enforces them"},
		{"tls", "permissions for callback.tls and reports.tls"},
		{"report-auth", "permissions for reports.auth and callback.auth: serviceAccountToken"},
		{"service-monitor", "a ServiceMonitor for the Prometheus Operator"},
		{"monitoring", "service-monitor, with alerts and a Grafana dashboard"},
	}
}

func names(of []option) string {
	var all []string
	for _, o := range of {
		all = append(all, o.name)
	}
	return strings.Join(all, ", ")
}

func optionsText() string {
	var text strings.Builder
	for _, list := range []struct {
		title   string
		options []option
	}{{"Overlays:", overlays()}, {"Components, to add to an overlay:", components()}} {
		fmt.Fprintf(&text, "\n%s\n", list.title)
		for _, o := range list.options {
			fmt.Fprintf(&text, "  %-15s  %s\n", o.name, o.purpose)
		}
	}
	return strings.TrimRight(text.String(), "\n")
}

func (c *selection) bind(cmd *cobra.Command) {
	cmd.Long = cmp.Or(cmd.Long, cmd.Short+".") + "\n" + optionsText()
	flags := cmd.Flags()
	flags.StringVar(&c.overlay, "overlay", "", "overlay to install: one of "+names(overlays()))
	flags.StringSliceVar(&c.components, "component", nil, "components to add: any of "+names(components()))
	flags.StringVar(&c.image, "image", "", "image of the controller (default: from the overlay)")
	flags.StringVarP(&c.config, "config", "f", "", "configuration file (config.yaml), or - for stdin (default: from the overlay)")
	flags.StringVarP(&c.podTemplate, "pod-template", "t", "", "pod template file, or - for stdin (default: pod-template.yaml beside the configuration, or from the overlay)")
	cli.Must(cmd.MarkFlagRequired("overlay"))
	cli.Must(cmd.RegisterFlagCompletionFunc("overlay", complete(overlays())))
	cli.Must(cmd.RegisterFlagCompletionFunc("component", complete(components())))
}

func complete(with []option) cobra.CompletionFunc {
	var all []cobra.Completion
	for _, o := range with {
		all = append(all, cobra.CompletionWithDesc(o.name, o.purpose))
	}
	return cobra.FixedCompletions(all, cobra.ShellCompDirectiveNoFileComp)
}

// check rejects an unknown overlay, and does not suggest the one for tests.
func (c *selection) check() error {
	known, err := manifests.Overlays()
	if err == nil && !slices.Contains(known, c.overlay) {
		err = fmt.Errorf("unknown overlay %q: must be one of %s", c.overlay, names(overlays()))
	}
	return err
}

// fileOf returns the source of a value of the ConfigMap, and whether it is a file
// of the user.
func (c *selection) fileOf(key string) (file string, given bool) {
	switch file = map[string]string{config.ConfigKey: c.config, config.PodTemplateKey: c.podTemplate}[key]; file {
	case "":
		return "overlay " + c.overlay + "/" + key, false
	case "-":
		return "stdin", true
	default:
		return file, true
	}
}
