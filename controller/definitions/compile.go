package definitions

import (
	"cmp"
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
func (s *spec) metrics() plan.MetricNames {
	m := s.definition.Metrics
	names := plan.MetricNames{Prefix: m.Prefix}
	for name := range m.Gauges {
		names.Gauges = append(names.Gauges, name)
	}
	return names
}

// ours returns the NodeCronJobs of this controller, by name. One that is being deleted is
// not among them: nothing begins any longer. Nor is a copy of what the ConfigMap does not have,
// or not any longer.
func (d *Definitions) ours() map[string]*v1alpha1.NodeCronJob {
	found := map[string]*v1alpha1.NodeCronJob{}
	for _, n := range d.Cache.All() {
		if n.Labels[jobspec.OwnerLabel] == d.Controller && n.DeletionTimestamp == nil && !d.isHidden(n) {
			found[n.Name] = n
		}
	}
	return found
}

// isCopy reports whether a NodeCronJob is a copy of the definition in the ConfigMap.
func (d *Definitions) isCopy(n *v1alpha1.NodeCronJob) bool {
	return n.Name == d.Controller && configHashOf(n) != ""
}

// lags reports whether the mirror has yet to write a NodeCronJob.
func (d *Definitions) lags(n *v1alpha1.NodeCronJob) bool {
	return n.Name == d.Controller && d.Mirror != nil && d.Mirror.Lags(n)
}

// isHidden reports whether nothing may come into effect of a NodeCronJob, and nothing stays so.
// The caller holds d.mu.
func (d *Definitions) isHidden(n *v1alpha1.NodeCronJob) bool {
	if n.Name != d.Controller || d.Mirror == nil {
		return false
	}
	m := d.members[n.Name]
	return d.Mirror.HasLost(n) || (d.lags(n) && (m == nil || m.object.UID != n.UID))
}

// follow makes a member know its object. The caller holds d.mu.
func (d *Definitions) follow(m *member, n *v1alpha1.NodeCronJob) {
	if m.object != nil && m.object.UID != n.UID { // it was created again
		m.inEffect, m.fallback, m.verdict, m.reports = nil, nil, verdict{}, nil
	}
	m.object = n
	if !m.wanted.is(n) && (m.wanted == nil || !d.lags(n)) {
		before := m.wanted
		m.wanted = d.read(n)
		if before.isGenerationOf(n) { // only the hash differs, of which the Job has nothing
			m.wanted.check = before.check
			m.wanted.check.running = false
		}
	}
}

// read returns the spec of an object. The caller holds d.mu.
func (d *Definitions) read(n *v1alpha1.NodeCronJob) *spec {
	s := &spec{uid: n.UID, generation: n.Generation, configHash: configHashOf(n)}
	from := definition.Object{
		Name: n.Name, UID: n.UID, Generation: n.Generation, Created: n.CreationTimestamp.Time, FromConfigMap: d.isCopy(n),
	}
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

// HasCopied reports whether the NodeCronJob of the controller's name is a copy of the ConfigMap
// of a hash, and is in effect, or will not be. A person's NodeCronJob never becomes one.
func (d *Definitions) HasCopied(configHash string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	m := d.members[d.Controller]
	switch {
	case m == nil || d.lags(m.object):
		return false
	case !d.isCopy(m.object):
		return true
	}
	now := m.source.Current()
	return m.wanted.configHash == configHash && (m.inEffect != m.wanted || (now != nil && now.Hash == configHash))
}

// recompile returns a spec under what the definitions share now. The caller holds d.mu.
func (d *Definitions) recompile(old *spec) *spec {
	if old == nil || old.definition == nil {
		return old
	}
	s := &spec{uid: old.uid, generation: old.generation, configHash: old.configHash, check: old.check}
	s.check.running = false
	d.compile(s, old.definition.Object, old.definition.Definition)
	return s
}
