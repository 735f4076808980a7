package printing

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/cli-runtime/pkg/printers"

	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/cli"
	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
)

// formatWide is the format of tables with all columns. The other formats are those of
// cli-runtime.
const formatWide = "wide"

// Output is how a command prints objects: the flags of kubectl.
type Output struct {
	WithNamespace bool // in the tables of lists

	flags     *genericclioptions.PrintFlags
	noHeaders bool
}

// NewOutput adds the flags to a command.
func NewOutput(cmd *cobra.Command) *Output {
	o := &Output{flags: genericclioptions.NewPrintFlags("")}
	o.flags.JSONYamlPrintFlags.AddFlags(cmd)
	o.flags.TemplatePrinterFlags.AddFlags(cmd)
	cmd.Flags().StringVarP(o.flags.OutputFormat, "output", "o", "", "output format: one of "+strings.Join(o.formats(), ", "))
	o.flags.OutputFlagSpecified = func() bool { return cmd.Flag("output").Changed }
	cmd.Flags().BoolVar(&o.noHeaders, "no-headers", false, "print tables without their headers")
	cli.Must(cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(o.formats(), cobra.ShellCompDirectiveNoFileComp)))
	return o
}

func (o *Output) formats() []string {
	formats := append(o.flags.AllowedFormats(), formatWide)
	slices.Sort(formats)
	return formats
}

// Check returns an error if there is no such format.
func (o *Output) Check() error {
	if o.IsWide() {
		return nil
	}
	_, err := o.flags.ToPrinter()
	if genericclioptions.IsNoCompatiblePrinterError(err) {
		return fmt.Errorf("-o %s: must be one of %s", o.format(), strings.Join(o.formats(), ", "))
	}
	return err
}

func (o *Output) format() string { return *o.flags.OutputFormat }

// IsWide reports whether the user wants to see all that a table can have.
func (o *Output) IsWide() bool { return o.format() == formatWide }

// IsDefault reports whether the user has chosen no format, so that texts can go to
// standard output beside the objects.
func (o *Output) IsDefault() bool {
	return o.format() == "" && *o.flags.TemplatePrinterFlags.TemplateArgument == ""
}

// Beside is where to print texts about the objects.
func (o *Output) Beside(streams genericiooptions.IOStreams) io.Writer {
	if o.IsDefault() {
		return streams.Out
	}
	return streams.ErrOut
}

// PrintChanged prints an object, or its name and what was done to it.
func (o *Output) PrintChanged(to io.Writer, now time.Time, object runtime.Object, done string) error {
	if o.IsWide() {
		return o.tablePrinter().PrintObj(tableOf(now, object), to)
	}
	o.flags.NamePrintFlags.Operation = done
	printer, err := o.flags.ToPrinter()
	if err != nil {
		return err
	}
	return printer.PrintObj(identified(object), to)
}

// List is how the objects of a list are printed.
type List struct {
	output  *Output
	now     func() time.Time
	to      io.Writer
	printer printers.ResourcePrinter
	tables  bool // else each object, or a list
}

// List returns how the objects of a list are printed.
func (o *Output) List(to io.Writer, now func() time.Time) (*List, error) {
	if o.IsDefault() || o.IsWide() {
		// The writer remembers the widths of columns, for what --watch adds.
		return &List{o, now, printers.GetNewTabWriter(to), o.tablePrinter(), true}, nil
	}
	printer, err := o.flags.ToPrinter()
	return &List{o, now, to, printer, false}, err
}

// IsTable reports whether the objects are rows of a table, for people to read.
func (l *List) IsTable() bool { return l.tables }

// All prints what a list has.
func (l *List) All(objects []runtime.Object) error {
	if l.tables || l.output.format() == "name" {
		return l.Each(objects...)
	}
	list := &metav1.List{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "List"}, Items: []runtime.RawExtension{}}
	for _, object := range objects {
		list.Items = append(list.Items, runtime.RawExtension{Object: identified(object)})
	}
	return l.printer.PrintObj(list, l.to)
}

// Each prints objects as rows, or one after the other.
func (l *List) Each(objects ...runtime.Object) error {
	if l.tables {
		if err := l.printer.PrintObj(tableOf(l.now(), objects...), l.to); err != nil {
			return err
		}
		if w, ok := l.to.(interface{ Flush() error }); ok {
			return w.Flush()
		}
		return nil
	}
	for _, object := range objects {
		if err := l.printer.PrintObj(identified(object), l.to); err != nil {
			return err
		}
	}
	return nil
}

// Table prints objects as the table of a list.
func Table(to io.Writer, now time.Time, withNamespace bool, objects ...runtime.Object) error {
	return printers.NewTablePrinter(printers.PrintOptions{WithNamespace: withNamespace}).PrintObj(tableOf(now, objects...), to)
}

func (o *Output) tablePrinter() printers.ResourcePrinter {
	return printers.NewTablePrinter(printers.PrintOptions{
		NoHeaders: o.noHeaders, Wide: o.IsWide(), WithNamespace: o.WithNamespace,
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
