package plan

import (
	"slices"
	"testing"
	"time"
)

// exporter returns a NodeCronJob that was created at a minute, with one spec: its prefix and
// its gauges.
func exporter(name string, minute int, prefix string, gauges ...string) MetricOwner {
	return MetricOwner{
		Name: name, Created: time.Date(2026, 11, 24, 3, minute, 0, 0, time.UTC),
		Specs: []MetricNames{{Prefix: prefix, Gauges: gauges}},
	}
}

// before returns the owner with a spec of before, which is in effect.
func (o MetricOwner) before(prefix string, gauges ...string) MetricOwner {
	o.Specs = append(slices.Clone(o.Specs), MetricNames{Prefix: prefix, Gauges: gauges})
	return o
}

func (o MetricOwner) undecided() MetricOwner {
	o.Undecided = true
	return o
}

func TestMetricConflicts(t *testing.T) {
	tests := map[string]struct {
		owners []MetricOwner
		want   map[string]int // the spec of each that may be in effect
		// conflicts are those of the NodeCronJob young: metric < older.
		conflicts []string
	}{
		"different prefixes": {
			owners: []MetricOwner{exporter("old", 1, "disk", "free"), exporter("young", 2, "net", "free")},
			want:   map[string]int{"old": 0, "young": 0},
		},
		"one prefix begins like the other": {
			owners: []MetricOwner{exporter("old", 1, "disk", "free"), exporter("young", 2, "disk_io", "wait")},
			want:   map[string]int{"old": 0, "young": 0},
		},
		"equal prefixes are one conflict": {
			owners:    []MetricOwner{exporter("old", 1, "disk", "free"), exporter("young", 2, "disk", "free", "used")},
			want:      map[string]int{"old": 0, "young": -1},
			conflicts: []string{"disk_processing < old"},
		},
		"a gauge is a gauge of another prefix": {
			owners:    []MetricOwner{exporter("old", 1, "disk", "io_wait", "io_size"), exporter("young", 2, "disk_io", "wait", "size", "depth")},
			want:      map[string]int{"old": 0, "young": -1},
			conflicts: []string{"disk_io_size[size] < old", "disk_io_wait[wait] < old"},
		},
		"a gauge is a derived metric of the older": {
			owners:    []MetricOwner{exporter("old", 1, "disk_io"), exporter("young", 2, "disk", "io_duration")},
			want:      map[string]int{"old": 0, "young": -1},
			conflicts: []string{"disk_io_duration[io_duration] < old"},
		},
		"a derived metric is a gauge of the older": {
			owners:    []MetricOwner{exporter("old", 1, "disk", "io_pods"), exporter("young", 2, "disk_io")},
			want:      map[string]int{"old": 0, "young": -1},
			conflicts: []string{"disk_io_pods < old"},
		},
		"the age decides, not the name or the order": {
			owners:    []MetricOwner{exporter("young", 2, "disk"), exporter("zzz", 1, "disk")},
			want:      map[string]int{"zzz": 0, "young": -1},
			conflicts: []string{"disk_processing < zzz"},
		},
		"of the same second, the first by name": {
			owners:    []MetricOwner{exporter("young", 1, "disk"), exporter("a", 1, "disk")},
			want:      map[string]int{"a": 0, "young": -1},
			conflicts: []string{"disk_processing < a"},
		},
		"the older was deleted": {
			owners: []MetricOwner{exporter("young", 2, "disk")},
			want:   map[string]int{"young": 0},
		},
		"what is not accepted takes nothing from a younger one": {
			owners: []MetricOwner{exporter("old", 1, "disk"), exporter("middle", 2, "disk", "io_wait"), exporter("young", 3, "disk_io", "wait")},
			want:   map[string]int{"old": 0, "middle": -1, "young": 0},
		},
		"a chain: each conflicts with its neighbor only": {
			owners: []MetricOwner{exporter("old", 1, "a", "b_pods"), exporter("middle", 2, "a_b", "c_pods"), exporter("young", 3, "a_b_c")},
			want:   map[string]int{"old": 0, "middle": -1, "young": 0},
		},
		"without a valid spec": {
			owners: []MetricOwner{{Name: "old"}, exporter("young", 2, "disk")},
			want:   map[string]int{"old": -1, "young": 0},
		},
		"the spec of before stays": {
			owners:    []MetricOwner{exporter("old", 1, "disk"), exporter("young", 2, "disk").before("net")},
			want:      map[string]int{"old": 0, "young": 1},
			conflicts: []string{"disk_processing < old"},
		},
		"the older takes the prefix of the younger": {
			owners:    []MetricOwner{exporter("old", 1, "net").before("disk"), exporter("young", 2, "net")},
			want:      map[string]int{"old": 0, "young": -1},
			conflicts: []string{"net_processing < old"},
		},
		"both change at once": {
			owners: []MetricOwner{exporter("old", 1, "net").before("disk"), exporter("young", 2, "disk").before("net")},
			want:   map[string]int{"old": 0, "young": 0},
		},
		"an undecided spec and the one of before have their names": {
			owners:    []MetricOwner{exporter("old", 1, "net").before("disk").undecided(), exporter("young", 2, "net").before("disk")},
			want:      map[string]int{"old": 1, "young": -1},
			conflicts: []string{"net_processing < old"},
		},
		"an undecided spec with a conflict has none": {
			owners:    []MetricOwner{exporter("old", 1, "disk"), exporter("young", 2, "disk").undecided()},
			want:      map[string]int{"old": 0, "young": -1},
			conflicts: []string{"disk_processing < old"},
		},
		"an undecided spec may share names with the one of before": {
			owners: []MetricOwner{exporter("young", 2, "disk", "free").before("disk", "used").undecided()},
			want:   map[string]int{"young": 1},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			for range 2 { // in one order, and in the other
				slices.Reverse(tt.owners)
				got := MetricConflicts(tt.owners)
				for owner, want := range tt.want {
					if got[owner].Spec != want {
						t.Errorf("%s: got spec %d, want %d", owner, got[owner].Spec, want)
					}
				}
				if got := shownConflicts(got["young"].Conflicts); !slices.Equal(got, tt.conflicts) {
					t.Errorf("conflicts: got %q, want %q", got, tt.conflicts)
				}
			}
		})
	}
}

func shownConflicts(conflicts []MetricConflict) (shown []string) {
	for _, c := range conflicts {
		gauge := ""
		if c.Gauge != "" {
			gauge = "[" + c.Gauge + "]"
		}
		shown = append(shown, c.Metric+gauge+" < "+c.Older)
	}
	return shown
}

func TestAMetricConflictSaysWhatWouldBeRight(t *testing.T) {
	tests := map[string]struct {
		old, young MetricOwner
		want       string
	}{
		"of a prefix": {
			exporter("old", 1, "disk"), exporter("young", 2, "disk"),
			`spec.metrics.prefix: Invalid value: "disk": must be another: NodeCronJob young would export disk_processing, which the older NodeCronJob old exports`,
		},
		"of a gauge with the derived metric of another": {
			exporter("old", 1, "disk_io"), exporter("young", 2, "disk", "io_pods"),
			`spec.metrics.gauges[io_pods]: Invalid value: "io_pods": must be another, or the prefix must be: NodeCronJob young would export disk_io_pods, which the older NodeCronJob old exports`,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			conflicts := MetricConflicts([]MetricOwner{tt.old, tt.young})["young"].Conflicts
			if len(conflicts) != 1 || conflicts[0].Problem().Error() != tt.want {
				t.Errorf("got %v, want %s", conflicts, tt.want)
			}
		})
	}
}
