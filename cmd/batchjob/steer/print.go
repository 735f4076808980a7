package steer

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/printers"

	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/cli"
	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
)

// formatWide is the format of tables with all columns. The other formats are those of
// cli-runtime.
const formatWide = "wide"

// output is how a command prints objects: the flags of kubectl.
type output struct {
	flags         *genericclioptions.PrintFlags
	noHeaders     bool
	withNamespace bool
}

// newOutput adds the flags to a command.
func newOutput(cmd *cobra.Command) *output {
	o := &output{flags: genericclioptions.NewPrintFlags("")}
	o.flags.JSONYamlPrintFlags.AddFlags(cmd)
	o.flags.TemplatePrinterFlags.AddFlags(cmd)
	cmd.Flags().StringVarP(o.flags.OutputFormat, "output", "o", "", "output format: one of "+strings.Join(o.formats(), ", "))
	o.flags.OutputFlagSpecified = func() bool { return cmd.Flag("output").Changed }
	cmd.Flags().BoolVar(&o.noHeaders, "no-headers", false, "print tables without their headers")
	// An error would be that the flag does not exist, or has a completion.
	_ = cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(o.formats(), cobra.ShellCompDirectiveNoFileComp))
	return o
}

func (o *output) formats() []string {
	formats := append(o.flags.AllowedFormats(), formatWide)
	slices.Sort(formats)
	return formats
}

// check returns an error if there is no such format.
func (o *output) check() error {
	if o.format() == formatWide {
		return nil
	}
	_, err := o.flags.ToPrinter()
	if genericclioptions.IsNoCompatiblePrinterError(err) {
		return fmt.Errorf("-o %s: must be one of %s", o.format(), strings.Join(o.formats(), ", "))
	}
	return err
}

func (o *output) format() string { return *o.flags.OutputFormat }

// isDefault reports whether the user has chosen no format, so that texts can go to
// standard output beside the objects.
func (o *output) isDefault() bool {
	return o.format() == "" && *o.flags.TemplatePrinterFlags.TemplateArgument == ""
}

// beside is where to print texts about the objects.
func (o *output) beside(t *cli.Tool) io.Writer {
	if o.isDefault() {
		return t.Out
	}
	return t.ErrOut
}

// printChanged prints an object, or its name and what was done to it.
func (o *output) printChanged(s *session, object runtime.Object, done string) error {
	if o.format() == formatWide {
		return o.tablePrinter().PrintObj(tableOf(s.now(), object), s.Out)
	}
	o.flags.NamePrintFlags.Operation = done
	printer, err := o.flags.ToPrinter()
	if err != nil {
		return err
	}
	return printer.PrintObj(identified(object), s.Out)
}

// printed says how objects of a list are printed.
type printed struct {
	*output
	session *session
	to      io.Writer
	printer printers.ResourcePrinter
	tables  bool // else each object, or a list
}

// listPrinter returns a printer of the objects of a list.
func (o *output) listPrinter(s *session) (*printed, error) {
	if o.isDefault() || o.format() == formatWide {
		// The writer remembers the widths of columns, for what --watch adds.
		return &printed{o, s, printers.GetNewTabWriter(s.Out), o.tablePrinter(), true}, nil
	}
	printer, err := o.flags.ToPrinter()
	return &printed{o, s, s.Out, printer, false}, err
}

// all prints what a list has.
func (p *printed) all(objects []runtime.Object) error {
	if p.tables || p.format() == "name" {
		return p.each(objects...)
	}
	list := &metav1.List{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "List"}, Items: []runtime.RawExtension{}}
	for _, object := range objects {
		list.Items = append(list.Items, runtime.RawExtension{Object: identified(object)})
	}
	return p.printer.PrintObj(list, p.to)
}

// each prints objects as rows, or one after the other.
func (p *printed) each(objects ...runtime.Object) error {
	if p.tables {
		if err := p.printer.PrintObj(tableOf(p.session.now(), objects...), p.to); err != nil {
			return err
		}
		if w, ok := p.to.(interface{ Flush() error }); ok {
			return w.Flush()
		}
		return nil
	}
	for _, object := range objects {
		if err := p.printer.PrintObj(identified(object), p.to); err != nil {
			return err
		}
	}
	return nil
}

func (o *output) tablePrinter() printers.ResourcePrinter {
	return printers.NewTablePrinter(printers.PrintOptions{
		NoHeaders: o.noHeaders, Wide: o.format() == formatWide, WithNamespace: o.withNamespace,
	})
}

// identified gives an object the apiVersion and kind that clients strip from what they
// decode.
func identified(object runtime.Object) runtime.Object {
	switch object.(type) {
	case *v1alpha1.NodeCronJob:
		object.GetObjectKind().SetGroupVersionKind(v1alpha1.GroupVersion().WithKind(v1alpha1.NodeCronJobKind))
	case *v1alpha1.Execution:
		object.GetObjectKind().SetGroupVersionKind(v1alpha1.GroupVersion().WithKind(v1alpha1.ExecutionKind))
	}
	return object
}
