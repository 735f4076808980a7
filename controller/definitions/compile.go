package definitions

import (
	"cmp"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/types"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/definition"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
)

// spec is the spec of a NodeCronJob at one generation. It never changes but for its check.
type spec struct {
	uid        types.UID
	generation int64
	configHash string                 // of the ConfigMap that it was written from; empty: from none
	reserved   bool                   // the definition in the ConfigMap has the name
	definition *definition.Definition // nil: it is invalid
	problems   []string
	check      check
}

// is reports whether the spec is that of an object.
func (s *spec) is(n *v1alpha1.NodeCronJob) bool {
	return s.isGenerationOf(n) && s.configHash == configHashOf(n)
}

func (s *spec) isGenerationOf(n *v1alpha1.NodeCronJob) bool {
	return s != nil && s.uid == n.UID && s.generation == n.Generation
}

// configHashOf returns the hash of the ConfigMap that a NodeCronJob is a copy of: reports have
// it, as long as there are ConfigMaps.
func configHashOf(n *v1alpha1.NodeCronJob) string {
	if !strings.HasPrefix(n.Annotations[jobspec.SourceAnnotation], jobspec.SourceConfigMap) {
		return ""
	}
	return n.Annotations[jobspec.ConfigHashAnnotation]
}

// metrics returns the metrics of a valid spec.
func (s *spec) metrics() plan.MetricNames { return metricsOf(s.definition) }

func metricsOf(d *definition.Definition) plan.MetricNames {
	m := d.Metrics
	names := plan.MetricNames{Prefix: m.Prefix}
	for name := range m.Gauges {
		names.Gauges = append(names.Gauges, name)
	}
	return names
}

// ours returns the NodeCronJobs of this controller, by name. One that is being deleted is
// not among them: nothing begins any longer.
func (d *Definitions) ours() map[string]*v1alpha1.NodeCronJob {
	found := map[string]*v1alpha1.NodeCronJob{}
	for _, n := range d.Cache.All() {
		if n.Labels[jobspec.OwnerLabel] == d.Controller && n.DeletionTimestamp == nil {
			found[n.Name] = n
		}
	}
	return found
}

// follow makes a member know its object. The caller holds d.mu.
func (d *Definitions) follow(m *member, n *v1alpha1.NodeCronJob) {
	if m.object != nil && m.object.UID != n.UID { // it was created again
		m.inEffect, m.fallback, m.verdict = nil, nil, verdict{}
		m.obstacle, m.reports = Obstacle{}, nil
	}
	m.object = n
	if !m.wanted.is(n) || m.wanted.reserved != d.isReserved(n.Name) {
		before := m.wanted
		m.wanted = d.read(n)
		if before.isGenerationOf(n) { // only the hash differs, of which the Job has nothing
			m.wanted.check = before.check
			m.wanted.check.running = false
		}
	}
}

// isReserved reports whether the definition in the ConfigMap has the name.
func (d *Definitions) isReserved(name string) bool {
	return name == d.Controller && d.ConfigMap != nil && d.ConfigMap() != nil
}

// read returns the spec of an object. The caller holds d.mu.
func (d *Definitions) read(n *v1alpha1.NodeCronJob) *spec {
	s := &spec{uid: n.UID, generation: n.Generation, configHash: configHashOf(n)}
	if s.reserved = d.isReserved(n.Name); s.reserved {
		s.problems = []string{fmt.Sprintf("metadata.name: %q: must be another: the definition in the ConfigMap has it", n.Name)}
		return s
	}
	from := definition.Object{Name: n.Name, UID: n.UID, Generation: n.Generation, Created: n.CreationTimestamp.Time}
	read, warnings, problems := config.FromResource(n, d.Clock.Now())
	if len(problems) > 0 {
		s.problems = problems.Lines()
		return s
	}
	for _, warning := range warnings {
		d.Log.Warn("a field of a NodeCronJob should be written differently", "nodeCronJob", n.Name, "warning", warning)
	}
	d.compile(s, from, read)
	return s
}

// compile sets what follows from the definition of a spec.
func (d *Definitions) compile(s *spec, from definition.Object, read config.Definition) {
	hash, err := config.HashOf(read)
	if err == nil {
		hash = cmp.Or(s.configHash, hash)
		cfg := config.Config{Controller: d.shared, Definition: read, HasDefinition: true, Hash: hash}
		s.definition, err = definition.Compile(from, cfg, d.Extensions, d.Clock.Now())
	}
	if err != nil {
		s.problems = []string{err.Error()}
	}
}

// recompile returns a spec under what the definitions share now. The caller holds d.mu.
func (d *Definitions) recompile(old *spec) *spec {
	if old == nil || old.definition == nil {
		return old
	}
	s := &spec{uid: old.uid, generation: old.generation, configHash: old.configHash, check: old.check}
	s.check.running = false
	d.compile(s, old.definition.Object, old.definition.Config.Definition)
	return s
}
