package jobspec

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/utils/ptr"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

func TestNamesFit(t *testing.T) {
	definition := strings.Repeat("c", 37)
	key := execution.Key{Execution: "20260304050000", Node: longestName}
	if name := JobName(definition, key); len(name) != validation.DNS1123LabelMaxLength {
		t.Errorf("%s has %d characters", name, len(name))
	}
	if name := ExecutionName(definition, key.Execution); name != definition+"-20260304050000" {
		t.Errorf("Execution %s", name)
	}
	if name := TokenSecretName(definition, key.Execution, 3); name != definition+"-20260304050000-tokens-3" {
		t.Errorf("token Secret %s", name)
	}
}

// Definitions whose names differ only behind what a Job's name has room for.
func TestDefinitionsWithALongCommonPrefixShareNoJobName(t *testing.T) {
	const letters, longest = "abcdefghijklmnopqrstuvwxyz0123456789-", validation.DNS1123LabelMaxLength
	r := rand.New(rand.NewPCG(5, 6))
	text := func(length int) string {
		b := make([]byte, length)
		for i := range b {
			b[i] = letters[r.IntN(len(letters))]
		}
		return "x" + string(b) + "x"
	}
	key := execution.Key{Execution: "20260304050000", Node: "worker-1"}
	for range 200 {
		prefix, seen := text(r.IntN(longest-8)), map[string]string{}
		for range 100 {
			definition := prefix + text(r.IntN(longest-len(prefix)-1))
			name := JobName(definition, key)
			if other, ok := seen[name]; ok && other != definition {
				t.Fatalf("%s and %s share %s", definition, other, name)
			}
			seen[name] = definition
			if messages := validation.IsDNS1123Label(name); len(messages) > 0 || len(definition) > longest {
				t.Fatalf("%s of %s: %s", name, definition, messages)
			}
			if begin := definition[:min(len(definition), 26)]; !strings.HasPrefix(name, begin) {
				t.Fatalf("%s does not begin with %s", name, begin)
			}
		}
	}
}

func TestJobNameTellsNodesApart(t *testing.T) {
	seen := map[string]string{}
	id := execution.ID("20260304050000")
	nodes := []string{"worker", "worker.a", "worker.b", longestName, longestName[:252]}
	for i := range 5000 {
		nodes = append(nodes, fmt.Sprintf("ip-10-0-%d-%d.eu-central-1.compute.internal", i/256, i%256))
	}
	for _, node := range nodes {
		name := JobName("check", execution.Key{Execution: id, Node: node})
		if other, ok := seen[name]; ok {
			t.Errorf("%s and %s are both %s", node, other, name)
		}
		seen[name] = node
		if again := JobName("check", execution.Key{Execution: id, Node: node}); again != name {
			t.Errorf("%s is now %s, now %s", node, name, again)
		}
	}
}

// The names are on disk and in the cluster when a new version takes over.
func TestJobNameStaysTheSame(t *testing.T) {
	if got, want := JobName("check", execution.Key{Execution: "20260304050000", Node: "worker-1"}), "check-20260304050000-13029f9e83"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestNodeLabelValue(t *testing.T) {
	a, b := strings.Repeat("a", 63), strings.Repeat("a", 64)
	dotted := strings.Repeat("a", 51) + ".-." + strings.Repeat("b", 20)
	cases := map[string]struct {
		node string
		want string
	}{
		"a short name stays":                {node: "worker.example.com", want: "worker.example.com"},
		"the longest that fits stays":       {node: a, want: a},
		"one more and it gets a hash":       {node: b, want: strings.Repeat("a", 52) + "-" + hash(b)},
		"signs at the cut are left out":     {node: dotted, want: strings.Repeat("a", 51) + "-" + hash(dotted)},
		"the longest name there is is fine": {node: longestName, want: strings.Repeat("n", 52) + "-" + hash(longestName)},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if got := nodeLabelValue(tc.node); got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
}

// randomName returns a name that a node can have.
func randomName(r *rand.Rand) string {
	const letters, all = "abcdefghijklmnopqrstuvwxyz0123456789", "abcdefghijklmnopqrstuvwxyz0123456789-"
	var b strings.Builder
	for length := 1 + r.IntN(253); b.Len() < length; {
		if b.Len() > 0 {
			b.WriteByte('.')
		}
		b.WriteByte(letters[r.IntN(len(letters))])
		for range r.IntN(61) {
			b.WriteByte(all[r.IntN(len(all))])
		}
		b.WriteByte(letters[r.IntN(len(letters))])
	}
	return strings.TrimRight(b.String()[:min(b.Len(), 253)], "-.")
}

func TestRenderForRandomNodes(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	p := planWith(plainTemplate)
	o := options()
	o.Controller, p.NodeCronJob = strings.Repeat("c", 37), strings.Repeat("d", 63)
	for range 200 {
		node := nodeOf(randomName(r))
		if messages := validation.IsDNS1123Subdomain(node.Name); len(messages) > 0 {
			t.Fatalf("%q is no name of a node: %v", node.Name, messages)
		}
		job, err := renderFor(p, node, o)
		if err != nil {
			t.Fatal(err)
		}
		checkJob(t, job, p, node, o)
	}
}

func TestSelector(t *testing.T) {
	job, err := renderFor(planWith(plainTemplate), nodeOf("worker-1"), options())
	if err != nil {
		t.Fatal(err)
	}
	cases := map[string]struct {
		selector labels.Selector
		labels   map[string]string
		want     bool
	}{
		"a Job of the controller":           {selector: Selector("check", JobComponent), labels: job.Labels, want: true},
		"a pod of the controller":           {selector: Selector("check", JobComponent), labels: job.Spec.Template.Labels, want: true},
		"a Job of another controller":       {selector: Selector("other", JobComponent), labels: job.Labels},
		"a Job is no record":                {selector: Selector("check", ExecutionComponent), labels: job.Labels},
		"a record":                          {selector: Selector("check", ExecutionComponent), labels: CommonLabels("check", ExecutionComponent), want: true},
		"something without labels":          {selector: Selector("check", JobComponent)},
		"a record of a controller's prefix": {selector: Selector("check", ExecutionComponent), labels: CommonLabels("check-2", ExecutionComponent)},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if got := tc.selector.Matches(labels.Set(tc.labels)); got != tc.want {
				t.Errorf("matches %t", got)
			}
		})
	}
}

func TestOwned(t *testing.T) {
	key := execution.Key{Execution: "20260304050000", Node: "worker-1"}
	reference := func(uid types.UID, controller *bool) metav1.OwnerReference {
		return metav1.OwnerReference{APIVersion: "batch-job-controller.io/v1alpha1", Kind: "Execution", Name: "check-20260304050000", UID: uid, Controller: controller}
	}
	cases := map[string]struct {
		change func(*batchv1.Job)
		want   bool
	}{
		"as it was rendered": {change: func(*batchv1.Job) {}, want: true},
		"with further labels and annotations": {
			change: func(j *batchv1.Job) { j.Labels["a"], j.Annotations["b"] = "c", "d" }, want: true,
		},
		"with a second owner": {
			change: func(j *batchv1.Job) { j.OwnerReferences = append(j.OwnerReferences, reference("other", nil)) }, want: true,
		},
		"of no owner":              {change: func(j *batchv1.Job) { j.OwnerReferences = nil }},
		"of a record created anew": {change: func(j *batchv1.Job) { j.OwnerReferences[0].UID = "other" }},
		"of an owner that does not control it": {
			change: func(j *batchv1.Job) { j.OwnerReferences = []metav1.OwnerReference{reference("record-uid", nil)} },
		},
		"of another that controls it": {
			change: func(j *batchv1.Job) {
				j.OwnerReferences = []metav1.OwnerReference{reference("record-uid", nil), reference("other", ptr.To(true))}
			},
		},
		"of another node":      {change: func(j *batchv1.Job) { j.Annotations[NodeAnnotation] = "worker-2" }},
		"of another execution": {change: func(j *batchv1.Job) { j.Labels[ExecutionLabel] = "20260304050001" }},
		"without annotations":  {change: func(j *batchv1.Job) { j.Annotations = nil }},
		"without labels":       {change: func(j *batchv1.Job) { j.Labels = nil }},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			job, err := renderFor(planWith(plainTemplate), nodeOf(key.Node), options())
			if err != nil {
				t.Fatal(err)
			}
			tc.change(job)
			if got := Owned(job, options().Owner, key); got != tc.want {
				t.Errorf("owned %t", got)
			}
		})
	}
}

func FuzzJobMeta(f *testing.F) {
	f.Add("20260304050000", "worker-1", "worker-1", "record-uid", true)
	f.Add("latest", "", "", "", false)
	f.Add("20260304050000", "\x00", "../..", "record-uid", false)
	f.Add("99999999999999", "a", "a", "other", true)
	f.Fuzz(func(t *testing.T, id, annotated, node, uid string, controls bool) {
		job := &batchv1.Job{ObjectMeta: metav1.ObjectMeta{
			Labels:          map[string]string{ExecutionLabel: id},
			Annotations:     map[string]string{NodeAnnotation: annotated},
			OwnerReferences: []metav1.OwnerReference{{UID: types.UID(uid), Controller: &controls}},
		}}
		key, ok := KeyOf(job)
		if ok && (string(key.Execution) != id || key.Node != annotated || key.Node == "") {
			t.Errorf("key %v of %q and %q", key, id, annotated)
		}
		if !ok && key != (execution.Key{}) {
			t.Errorf("no key, and yet %v", key)
		}
		wanted := execution.Key{Execution: execution.ID(id), Node: node}
		want := ok && annotated == node && controls && uid == "record-uid"
		if got := Owned(job, options().Owner, wanted); got != want {
			t.Errorf("owned %t, want %t", got, want)
		}
	})
}

func FuzzNodeName(f *testing.F) {
	f.Add("worker-1")
	f.Add(longestName)
	f.Add(strings.Repeat("a", 51) + ".b-c." + strings.Repeat("d", 20))
	f.Fuzz(func(t *testing.T, node string) {
		if len(validation.IsDNS1123Subdomain(node)) > 0 {
			return
		}
		p := planWith(plainTemplate)
		job, err := renderFor(p, nodeOf(node), options())
		if err != nil {
			t.Fatal(err)
		}
		checkJob(t, job, p, nodeOf(node), options())
	})
}
