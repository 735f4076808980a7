package validate

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/batch-job-controller/batch-job-controller/cmd/validate/manifest"
	"github.com/batch-job-controller/batch-job-controller/controller/config"
)

// Input is what to check: the two values of the ConfigMap, or a NodeCronJob, and their
// environment.
type Input struct {
	Values      map[string]manifest.Value // by the keys of the ConfigMap
	NodeCronJob *manifest.NodeCronJob     // instead of Values

	Env    config.Env // of the controller
	Node   string     // whose Job is rendered
	Nodes  int        // number of selected nodes; 0: unknown
	Volume int64      // bytes of the report directory; 0: unknown
	Report int64      // bytes of a node's report in an execution; 0: unknown
}

// Defaults for what the command line does not say.
const (
	sampleNamespace = "sample-namespace"
	sampleNode      = "sample-node"
)

const stdinName = "-"

// read reads the files that the options name.
func (o *options) read(stdin io.Reader) ([]Input, error) {
	text, err := readFile(o.config, stdin)
	if err != nil {
		return nil, fmt.Errorf("-f: %w", err)
	}
	m, isManifest, err := manifest.Read(text, fileName(o.config))
	if err != nil {
		return nil, fmt.Errorf("-f %s: %w", o.config, err)
	}
	if isManifest {
		return o.inManifest(m)
	}
	in := o.input()
	in.Values = map[string]manifest.Value{config.ConfigKey: {Text: text, File: fileName(o.config)}}
	// Without a schedule, the settings of the controller need no template.
	isAlone := o.template == "" && !strings.Contains(text, "cronExpression")
	switch {
	case o.template == "" && o.config == stdinName && isAlone:
		return []Input{in}, nil
	case o.template == "" && o.config == stdinName:
		return nil, errors.New("-t: must name the pod template, because -f - is not a manifest with a ConfigMap")
	case o.template == "":
		o.template = filepath.Join(filepath.Dir(o.config), config.PodTemplateKey)
	}
	template, err := readFile(o.template, stdin)
	if isAlone && errors.Is(err, fs.ErrNotExist) {
		return []Input{in}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("-t: %w", err)
	}
	in.Values[config.PodTemplateKey] = manifest.Value{Text: template, File: fileName(o.template)}
	return []Input{in}, nil
}

// input returns what the flags say.
func (o *options) input() Input {
	return Input{
		Env: config.Env{Namespace: o.namespace, PodIP: o.podIP}, Node: o.node, Nodes: o.nodes,
		Volume: int64(o.volume), Report: int64(o.report),
	}
}

// inManifest returns what a manifest has: the configuration of a controller, or NodeCronJobs,
// or both.
func (o *options) inManifest(m manifest.Manifest) (all []Input, err error) {
	if o.template != "" {
		return nil, fmt.Errorf("-t %s: omit it, because -f %s is a manifest, which contains the template", o.template, o.config)
	}
	if m.Configuration != nil {
		in := o.input()
		in.Values = m.Configuration.Values
		env, err := m.Environment(sampleNamespace)
		if err != nil {
			return nil, fmt.Errorf("-f %s: %w", o.config, err)
		}
		env.Namespace = cmp.Or(in.Env.Namespace, env.Namespace)
		env.PodIP = cmp.Or(in.Env.PodIP, env.PodIP)
		in.Env = env
		all = append(all, in)
	}
	for _, n := range m.NodeCronJobs {
		in := o.input()
		in.NodeCronJob, in.Env.Namespace = n, cmp.Or(in.Env.Namespace, n.Namespace)
		all = append(all, in)
	}
	return all, nil
}

func readFile(name string, stdin io.Reader) (string, error) {
	if name == stdinName {
		text, err := io.ReadAll(stdin)
		return string(text), err
	}
	text, err := os.ReadFile(name)
	return string(text), err
}

func fileName(name string) string {
	if name == stdinName {
		return "stdin"
	}
	return filepath.ToSlash(name)
}
