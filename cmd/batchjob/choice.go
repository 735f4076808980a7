package batchjob

import (
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

func (c *choice) bind(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&c.overlay, "overlay", "", "which installation: one of "+listed(overlays()))
	flags.StringSliceVar(&c.components, "component", nil, "what to add to the overlay, such as ha: any of "+listed(manifests.Components()))
	flags.StringVar(&c.image, "image", "", "image of the controller (default: that of the overlay)")
	flags.StringVarP(&c.config, "config", "f", "", "file with the configuration, config.yaml, or - (default: that of the overlay)")
	flags.StringVarP(&c.podTemplate, "pod-template", "t", "", "file with the pod template, pod-template.yaml, or - (default: that of the overlay)")
	must(cmd.MarkFlagRequired("overlay"))
	complete := func(list func() ([]string, error)) cobra.CompletionFunc {
		return func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			names, err := list()
			if err != nil {
				return nil, cobra.ShellCompDirectiveError
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		}
	}
	must(cmd.RegisterFlagCompletionFunc("overlay", complete(overlays)))
	must(cmd.RegisterFlagCompletionFunc("component", complete(manifests.Components)))
}

// overlays are those for people: that of the tests is of no use to them.
func overlays() ([]string, error) {
	names, err := manifests.Overlays()
	return slices.DeleteFunc(names, func(name string) bool { return name == "e2e" }), err
}

// must is for what only a mistake in this package could make fail.
func must(err error) {
	if err != nil {
		panic(err)
	}
}

func listed(names []string, err error) string {
	must(err) // they are part of the program
	return strings.Join(names, ", ")
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
