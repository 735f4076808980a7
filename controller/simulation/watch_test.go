package simulation

import (
	"context"
	"fmt"
	"sort"
	"strconv"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
)

// watcher is one watch of a process: a goroutine that delivers the changes of a table with
// a delay.
type watcher struct {
	view     *view
	table    *table
	selected selection
	next     int // of the history
	last     time.Time
	events   chan watch.Event
	more     chan struct{}
	ended    chan struct{}
	end      func()
}

func (v *view) watch(ctx context.Context, k kind, o metav1.ListOptions) (watch.Interface, error) {
	selected, err := newSelection(o)
	if err != nil {
		return nil, err
	}
	x := &watcher{
		view: v, table: v.world.api.tables[k], selected: selected,
		events: make(chan watch.Event),
		more:   make(chan struct{}, 1),
		ended:  make(chan struct{}),
	}
	x.end = sync.OnceFunc(func() { close(x.ended) })
	err = v.do(ctx, request{verb: "watch", kind: k}, func() error {
		from, err := strconv.Atoi(o.ResourceVersion)
		if err != nil {
			return apierrors.NewBadRequest(fmt.Sprintf("resourceVersion %q", o.ResourceVersion))
		}
		w := v.world
		w.rewatches[v.process.slot]++
		if w.stormy() && roll(w.seed, w.rewatches[v.process.slot], "gone", v.process.name, string(k)).chance(w.scenario.gone) {
			return apierrors.NewResourceExpired("too old resource version")
		}
		x.next = sort.Search(len(x.table.history), func(i int) bool { return x.table.history[i].version > from })
		x.table.watchers[x] = true
		return nil
	})
	if err != nil {
		x.Stop() // it may have begun although the response was lost
		return nil, err
	}
	go x.run()
	return x, nil
}

// ResultChan implements watch.Interface.
func (x *watcher) ResultChan() <-chan watch.Event { return x.events }

// Stop implements watch.Interface.
func (x *watcher) Stop() {
	x.view.world.mu.Lock()
	defer x.view.world.mu.Unlock()
	delete(x.table.watchers, x)
	x.end()
}

func (x *watcher) wake() {
	select {
	case x.more <- struct{}{}:
	default:
	}
}

func (x *watcher) run() {
	defer close(x.events)
	defer x.Stop()
	for {
		event, due, ok := x.upcoming()
		if !ok {
			select {
			case <-x.more:
				continue
			case <-x.ended:
			case <-x.view.process.killed:
			}
			return
		}
		if !x.wait(time.Until(due)) || x.view.process.awake(roll(x.view.world.seed, x.next, "watch", string(x.table.kind))) != nil {
			return
		}
		if n, ok := event.Object.(*v1alpha1.NodeCronJob); ok && n.Name == name {
			if event.Type == watch.Deleted {
				n = nil
			}
			x.view.process.hasSeen(n)
		}
		select {
		case x.events <- event:
		case <-x.ended:
			return
		case <-x.view.process.killed:
			return
		}
	}
}

func (x *watcher) wait(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-x.ended:
	case <-x.view.process.killed:
	}
	return false
}

// upcoming returns the next event, and when it is due.
func (x *watcher) upcoming() (event watch.Event, due time.Time, ok bool) {
	w, p := x.view.world, x.view.process
	w.mu.Lock()
	defer w.mu.Unlock()
	for ; x.next < len(x.table.history); x.next++ {
		c := x.table.history[x.next]
		if !x.selected.matches(c.object) {
			continue
		}
		x.next++
		l := roll(w.seed, c.version, "lag", p.name)
		due = c.at.Add(l.between(500*time.Microsecond, 30*time.Millisecond))
		if !due.After(x.last) {
			due = x.last.Add(l.next().between(time.Microsecond, time.Millisecond))
		}
		for _, lag := range w.scenario.lags {
			if lag.covers(due.Sub(w.start), p.slot) && lag.kind == x.table.kind {
				due = w.start.Add(lag.to + l.next().between(time.Millisecond, 50*time.Millisecond))
			}
		}
		x.last = due
		return watch.Event{Type: c.event, Object: c.object}, due, true
	}
	return watch.Event{}, time.Time{}, false
}

// cutWatches breaks the connection of a replica's watches.
func (w *world) cutWatches(slot int) {
	for _, t := range w.api.tables {
		for x := range t.watchers {
			if x.view.process.slot == slot {
				w.after(roll(w.seed, 0, "cut", x.view.process.name, string(t.kind)).between(time.Microsecond, time.Millisecond), x.end)
			}
		}
	}
	w.note(fmt.Sprintf("r%d", slot), "cut", "its watches", "")
}
