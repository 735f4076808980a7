package follow_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/clock"

	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/definition"
	"github.com/batch-job-controller/batch-job-controller/controller/follow"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/testkit"
)

const (
	namespace = "jobs"
	configMap = "check-config"
)

// world is a ConfigMap whose text is maxPods, and the leader that follows it. The
// configuration that it begins with is 5.
type world struct {
	t      *testing.T
	client *testkit.Clientset
	config config.Config // that applies
	log    bytes.Buffer

	validated int
	silent    int // how many validations fail before one does not
	leads     bool
	taken     int
	refused   int
}

// follows runs a scenario against a follower, and reads what became of it after that.
func follows(t *testing.T, leads bool, scenario func(*world)) *world {
	t.Helper()
	w := &world{t: t, client: testkit.NewClientset(), leads: leads}
	w.write("5")
	w.config = config.Config{Hash: config.Hash(data("5")), Controller: config.Controller{Name: "check", MaxPods: 5}}
	log := slog.New(slog.NewTextHandler(&w.log, nil))
	f := follow.New(follow.Options{
		Running: w, Client: w.client, Namespace: namespace, ConfigMap: configMap, Instance: "replica", Validate: w.validate,
		Role: w, Announcer: kube.NewAnnouncer(kube.NewEvents(w.client, clock.RealClock{}, "check", "replica"), log),
		Metrics: w, Clock: clock.RealClock{}, Log: log,
	})
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		f.Run(ctx)
	}()
	time.Sleep(5 * time.Second)
	scenario(w)
	time.Sleep(5 * time.Second)
	stop()
	<-done
	return w
}

func data(text string) map[string]string { return map[string]string{config.ConfigKey: text} }

// write creates the ConfigMap, or changes it.
func (w *world) write(text string) {
	w.t.Helper()
	object := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: configMap, Namespace: namespace}, Data: data(text)}
	client := w.client.CoreV1().ConfigMaps(namespace)
	_, err := client.Update(w.t.Context(), object, metav1.UpdateOptions{})
	if err != nil {
		_, err = client.Create(w.t.Context(), object, metav1.CreateOptions{})
	}
	testkit.Must(w.t, err)
}

func (w *world) delete() {
	w.t.Helper()
	testkit.Must(w.t, w.client.CoreV1().ConfigMaps(namespace).Delete(w.t.Context(), configMap, metav1.DeleteOptions{}))
}

func (w *world) validate(_ context.Context, running config.Config, data map[string]string) (config.Change, error) {
	w.validated++
	if w.silent > 0 {
		w.silent--
		return config.Change{}, errors.New("no answer")
	}
	text := data[config.ConfigKey]
	n, err := strconv.Atoi(text)
	if err != nil {
		return config.Change{}, &definition.InvalidError{Err: fmt.Errorf("maxPods: %s: must be a number", text)}
	}
	wanted := running
	wanted.Hash, wanted.MaxPods = config.Hash(data), n
	return config.Compare(running, wanted), nil
}

// Leads and Leader are the Role.

func (w *world) Leads() bool                                      { return w.leads }
func (w *world) Leader() (identity string, moved <-chan struct{}) { return "", nil }
func (w *world) Config() config.Config                            { return w.config }
func (w *world) Reconfigure(next config.Config)                   { w.config = next }
func (w *world) ConfigTaken(time.Time, bool)                      { w.taken++ }
func (w *world) ConfigRefused()                                   { w.refused++ }

// events returns the reasons and messages of the events, sorted.
func (w *world) events() (all []string) {
	for _, e := range testkit.Events(w.t, w.client, namespace) {
		all = append(all, e.Reason+": "+e.Note)
	}
	slices.Sort(all)
	return all
}

func TestWhatBecomesOfTheConfigMap(t *testing.T) {
	const (
		before    = "ConfigInvalid: refused, the configuration of before stays: "
		isMissing = before + "the ConfigMap does not exist: create it again, or the controller will not start again"
		isBad     = before + "maxPods: bad: must be a number"
	)
	tests := map[string]struct {
		scenario      func(*world)
		standby       bool
		want          int // maxPods
		wantTaken     int
		wantRefused   int
		wantValidated int
		wantEvents    []string
	}{
		"it stays as it is":                      {scenario: func(*world) { time.Sleep(time.Hour) }, want: 5},
		"it is written again with the same text": {scenario: func(w *world) { w.write("5") }, want: 5},
		"it changes": {
			scenario: func(w *world) { w.write("7") },
			want:     7, wantTaken: 1, wantValidated: 1, wantEvents: []string{"ConfigReloaded: maxPods at once"},
		},
		"a refused one leaves the configuration of before, and is announced once": {
			scenario: func(w *world) {
				w.write("bad")
				time.Sleep(10 * time.Minute) // in which it is validated again: its fault may be elsewhere
			},
			want: 5, wantRefused: 1, wantValidated: 3, wantEvents: []string{isBad},
		},
		"another fault of a refused one is announced too": {
			scenario: func(w *world) {
				w.write("bad")
				time.Sleep(5 * time.Second)
				w.write("worse")
			},
			want: 5, wantRefused: 2, wantValidated: 2, wantEvents: []string{isBad, before + "maxPods: worse: must be a number"},
		},
		"the mended one applies": {
			scenario: func(w *world) {
				w.write("bad")
				time.Sleep(5 * time.Second)
				w.write("7")
			},
			want: 7, wantTaken: 1, wantRefused: 1, wantValidated: 2, wantEvents: []string{isBad, "ConfigReloaded: maxPods at once"},
		},
		"one that is mended as it was before is announced": {
			scenario: func(w *world) {
				w.write("bad")
				time.Sleep(5 * time.Second)
				w.write("5")
			},
			want: 5, wantTaken: 1, wantRefused: 1, wantValidated: 2, wantEvents: []string{isBad, "ConfigReloaded: valid again, and as it runs"},
		},
		"one that is bad for less than a second was never bad": {
			scenario: func(w *world) {
				w.write("bad")
				time.Sleep(500 * time.Millisecond)
				w.write("5")
			},
			want: 5,
		},
		"one that is deleted and created again within a second was not missing": {
			scenario: func(w *world) {
				w.delete()
				time.Sleep(500 * time.Millisecond)
				w.write("7")
			},
			want: 7, wantTaken: 1, wantValidated: 1, wantEvents: []string{"ConfigReloaded: maxPods at once"},
		},
		"a deleted one is announced as missing, and applies when it comes back": {
			scenario: func(w *world) {
				w.delete()
				time.Sleep(5 * time.Second)
				w.write("7")
			},
			want: 7, wantTaken: 1, wantRefused: 1, wantValidated: 1, wantEvents: []string{isMissing, "ConfigReloaded: maxPods at once"},
		},
		"a deleted one is announced once": {
			scenario: func(w *world) {
				w.delete()
				time.Sleep(time.Hour)
			},
			want: 5, wantRefused: 1, wantEvents: []string{isMissing},
		},
		"one that cannot be validated is validated again, and is not refused meanwhile": {
			scenario: func(w *world) {
				w.silent = 3
				w.write("7")
			},
			want: 7, wantTaken: 1, wantValidated: 4, wantEvents: []string{"ConfigReloaded: maxPods at once"},
		},
		"a standby applies it, and leaves the event to the leader": {
			scenario: func(w *world) { w.write("7") }, standby: true,
			want: 7, wantTaken: 1, wantValidated: 1,
		},
		"a standby refuses it, too": {
			scenario: func(w *world) { w.write("bad") }, standby: true,
			want: 5, wantRefused: 1, wantValidated: 1,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := follows(t, !tt.standby, tt.scenario)
				if got := w.config.MaxPods; got != tt.want {
					t.Errorf("maxPods: got %d, want %d", got, tt.want)
				}
				if w.taken != tt.wantTaken || w.refused != tt.wantRefused || w.validated != tt.wantValidated {
					t.Errorf("taken %d times, refused %d, validated %d; want %d, %d, %d", w.taken, w.refused, w.validated, tt.wantTaken, tt.wantRefused, tt.wantValidated)
				}
				if got := strings.Count(w.log.String(), "configuration refused"); got != tt.wantRefused {
					t.Errorf("logged %d times that it is refused, want %d:\n%s", got, tt.wantRefused, w.log.String())
				}
				if diff := cmp.Diff(tt.wantEvents, w.events()); diff != "" {
					t.Errorf("events (-want +got):\n%s", diff)
				}
			})
		})
	}
}
