package simulation

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
)

// scenario is drawn once for a seed: the size of the cluster, and its faults and their
// probabilities. It is small, so that a seed is cheap.
type scenario struct {
	replicas, nodes, pool      int
	cron                       string
	ticks                      []time.Duration // since the beginning
	startingDeadline           time.Duration
	onStartup                  bool // each leader that is newer than the last execution opens one
	startDeadline, jobTimeout  time.Duration
	reportHistory, jobHistory  int
	callbackService            bool
	tokensPerSecret            int
	withoutKey                 bool    // the first process creates it
	holder                     float64 // share of the pods that retry their results
	meddlers                   float64 // share of the pods that also report for another node
	calmFrom                   time.Duration
	refused, lost, slow        float64 // of the requests
	stale, gone                float64 // of the lists and watches
	diskFails                  float64 // of the operations
	crash                      float64 // of the writes and disk operations
	crashes                    int     // at most
	powerLoss                  float64 // of the crashes: all replicas die, and unsynced data is lost
	outages, lags, forbidden   []window
	denials                    []window // admission denies objects, with any status code
	damages                    []moment // a user damages the open record
	stops                      []window // of a process, as by SIGSTOP
	terms                      []moment // a process gets SIGTERM
	cuts                       []moment
	reloads                    []moment // one process gets another configuration
	services                   []serviceEvent
	nodeEvents                 []nodeEvent
	userEvents                 []userEvent
	patches                    []patch    // of Executions
	steerings                  []steering // what users ask of the open execution
	staysPaused                bool       // what is paused is not resumed at the end
	nodeCronJobs               []nodeCronJob
	persons                    []personEvent
	maxPods                    int // at the beginning; 0: none
	capChanges                 []capChange
	stateDeletions             []moment
	reruns                     []rerun
	policy                     v1alpha1.ConcurrencyPolicy // empty: as Forbid
	suspensions                []suspension
	meddlings                  []meddling // with the NodeCronJob of the ConfigMap's definition
	never, hangs, fails, after float64    // of the pods
	also                       float64    // of the pods: the result of another part is sent at the same time
	runFor                     time.Duration
	grace                      time.Duration // the grace period of a pod
	stubborn                   float64       // share of the pods that take all of it
	sidecar                    bool          // the template has a sidecar
	injected                   float64       // share of the pods to which admission adds a container that never ends
}

// window is the time of a fault of one replica, or of all.
type window struct {
	from, to time.Duration
	slot     int // of the replica; allSlots: all
	kind     kind
	answer   int // of those that admission gives
	hangs    bool
}

const allSlots = -1

func (w window) covers(at time.Duration, slot int) bool {
	return at >= w.from && at < w.to && (w.slot == allSlots || w.slot == slot)
}

type moment struct {
	at   time.Duration
	slot int
}

type nodeEvent struct {
	at   time.Duration
	node int
	what string
	back time.Duration // until it is undone; 0: it stays
}

type userEvent struct {
	at   time.Duration
	kind kind
	pick int
}

// drawScenario draws everything that is decided in advance.
func drawScenario(seed uint64) *scenario {
	r := rand.New(rand.NewPCG(seed, 0x5eed))
	s := &scenario{
		replicas:         2 + r.IntN(2),
		nodes:            3 + r.IntN(3),
		pool:             1 + r.IntN(3),
		startingDeadline: seconds(r, 50, 110),
		startDeadline:    seconds(r, 25, 60),
		jobTimeout:       seconds(r, 15, 50),
		reportHistory:    1 + r.IntN(3),
		jobHistory:       r.IntN(3),
		callbackService:  chance(r, 0.3),
		tokensPerSecret:  1 + r.IntN(3),
		withoutKey:       chance(r, 0.25),
		holder:           0.5,
		meddlers:         0.1,
		runFor:           seconds(r, 2, 20),
	}
	if chance(r, 0.15) { // sometimes a larger cluster
		s.nodes, s.pool, s.runFor = 6+r.IntN(7), 2+r.IntN(3), seconds(r, 2, 10)
	}
	s.onStartup = chance(r, 0.1)
	minute := 1 + r.IntN(2)
	s.cron = fmt.Sprintf("%d * * * *", minute)
	s.ticks = []time.Duration{time.Duration(minute) * time.Minute}
	if chance(r, 0.4) {
		second := minute + 2 + r.IntN(3)
		s.cron = fmt.Sprintf("%d,%d * * * *", minute, second)
		s.ticks = append(s.ticks, time.Duration(second)*time.Minute)
	}
	s.calmFrom = s.ticks[len(s.ticks)-1] + seconds(r, 20, 150)
	s.drawPods(r)
	s.drawServices(rand.New(rand.NewPCG(seed, 0x5e41)))
	defer func() {
		s.drawPersons(rand.New(rand.NewPCG(seed, 0x9e45)))
		s.drawMaxPods(rand.New(rand.NewPCG(seed, 0xca9)))
		s.drawReruns(rand.New(rand.NewPCG(seed, 0x4e4a)))
		s.drawConcurrency(rand.New(rand.NewPCG(seed, 0xc0c4)))
		s.drawDefinitions(rand.New(rand.NewPCG(seed, 0xdef1)))
		s.drawMeddlings(rand.New(rand.NewPCG(seed, 0x3177)))
	}()
	if chance(r, 0.05) {
		s.calmFrom, s.grace = 0, 30*time.Second // nothing goes wrong
		return s
	}
	s.drawRequests(r)
	s.drawProcesses(r)
	s.drawCluster(r)
	s.drawReloads(rand.New(rand.NewPCG(seed, 0xc0f1)))
	s.drawDenials(rand.New(rand.NewPCG(seed, 0xad31)))
	s.drawGrace(rand.New(rand.NewPCG(seed, 0x96ace)))
	s.drawSidecars(rand.New(rand.NewPCG(seed, 0x51de)))
	s.drawPatches(rand.New(rand.NewPCG(seed, 0x9a7c)))
	s.drawSteering(rand.New(rand.NewPCG(seed, 0x57ee2)))
	return s
}

func (s *scenario) drawSidecars(r *rand.Rand) {
	s.sidecar = chance(r, 0.2)
	if chance(r, 0.3) {
		s.injected = pick(r, 0.3, 1)
	}
}

// drawGrace draws from a source of its own too. A long grace period matters when running
// pods are deleted, and when their node is silent from then on.
func (s *scenario) drawGrace(r *rand.Rand) {
	s.grace = 30 * time.Second
	if !chance(r, 0.4) {
		return
	}
	s.grace = time.Duration(pick(r, 0, 5, 90, 150)) * time.Second
	s.stubborn = pick(r, 0.2, 1)
	for range r.IntN(4) {
		at := s.ticks[0] + seconds(r, 5, 25)
		s.userEvents = append(s.userEvents, userEvent{at: at, kind: []kind{pods, pods, jobs}[r.IntN(3)], pick: r.IntN(100)})
		if chance(r, 0.5) {
			s.nodeEvents = append(s.nodeEvents, nodeEvent{at: at + seconds(r, 0, 3), node: r.IntN(s.nodes), what: failNode, back: seconds(r, 60, 100)})
		}
	}
}

// drawReloads draws from a source of its own: otherwise, the seeds that failed before there
// were reloads would draw other scenarios.
func (s *scenario) drawReloads(r *rand.Rand) {
	for range r.IntN(4) {
		reload := s.drawMoment(r)
		if chance(r, 0.5) { // about when it matters
			reload.at = s.ticks[r.IntN(len(s.ticks))] + time.Duration(r.Int64N(int64(2*time.Second))) - time.Second
		}
		s.reloads = append(s.reloads, reload)
	}
}

// drawDenials draws from a source of its own too.
func (s *scenario) drawDenials(r *rand.Rand) {
	for range r.IntN(3) {
		d := s.drawWindow(r, 3, 60)
		d.kind = []kind{jobs, jobs, jobs, secrets, configMaps, events}[r.IntN(6)]
		d.answer = r.IntN(len(denialsOf("", "")))
		d.slot = allSlots // the fault is of the API server
		s.denials = append(s.denials, d)
	}
	if chance(r, 0.1) {
		s.damages = append(s.damages, moment{at: s.ticks[r.IntN(len(s.ticks))] + seconds(r, 1, 60)})
	}
}

func (s *scenario) drawPods(r *rand.Rand) {
	s.after = 0.2 // a second result follows the first
	s.also = 0.4
	if chance(r, 0.5) {
		s.fails = 0.15
	}
	if chance(r, 0.3) {
		s.never, s.hangs = 0.08, 0.08
	}
}

func (s *scenario) drawRequests(r *rand.Rand) {
	for _, p := range []*float64{&s.refused, &s.lost, &s.slow, &s.stale, &s.gone} {
		*p = pick(r, 0, 0.01, 0.05, 0.2)
	}
	s.diskFails = pick(r, 0, 0, 0.01, 0.05)
	for range r.IntN(3) {
		s.outages = append(s.outages, s.drawWindow(r, 5, 60))
	}
	for range r.IntN(3) {
		lag := s.drawWindow(r, 3, 100)
		lag.kind = []kind{jobs, pods, nodes}[r.IntN(3)]
		s.lags = append(s.lags, lag)
	}
	if chance(r, 0.2) {
		f := s.drawWindow(r, 3, 40)
		f.kind = []kind{jobs, jobs, configMaps, events, secrets}[r.IntN(5)]
		s.forbidden = append(s.forbidden, f)
	}
	for range r.IntN(3) {
		s.cuts = append(s.cuts, s.drawMoment(r))
	}
}

func (s *scenario) drawProcesses(r *rand.Rand) {
	if chance(r, 0.7) {
		s.crashes = 1 + r.IntN(5)
		s.crash = pick(r, 0.01, 0.03, 0.1)
		s.powerLoss = pick(r, 0, 0.1, 0.5)
	}
	for range r.IntN(3) {
		s.stops = append(s.stops, s.drawWindow(r, 20, 60))
	}
	for range r.IntN(3) {
		s.terms = append(s.terms, s.drawMoment(r))
	}
}

func (s *scenario) drawCluster(r *rand.Rand) {
	if chance(r, 0.5) {
		for range 1 + r.IntN(3) {
			e := nodeEvent{at: s.drawMoment(r).at, node: r.IntN(s.nodes), back: seconds(r, 1, 60)}
			e.what = []string{deleteNode, deleteNode, cordonNode, failNode}[r.IntN(4)]
			if chance(r, 0.3) {
				e.back = 0
			}
			s.nodeEvents = append(s.nodeEvents, e)
		}
	}
	if chance(r, 0.15) {
		s.userEvents = append(s.userEvents, userEvent{
			at: s.ticks[0] + seconds(r, 0, 40), kind: []kind{jobs, pods}[r.IntN(2)], pick: r.IntN(100),
		})
	}
}

func (s *scenario) drawWindow(r *rand.Rand, shortest, longest int) window {
	from := s.drawMoment(r)
	w := window{from: from.at, to: from.at + seconds(r, shortest, longest), slot: from.slot, hangs: chance(r, 0.5)}
	if chance(r, 0.3) {
		w.slot = allSlots
	}
	w.to = min(w.to, s.calmFrom-time.Millisecond-seconds(r, 0, 1))
	return w
}

// drawMoment prefers the time in which executions run.
func (s *scenario) drawMoment(r *rand.Rand) moment {
	at := seconds(r, 1, int(s.calmFrom/time.Second))
	if chance(r, 0.7) {
		at = min(s.ticks[r.IntN(len(s.ticks))]+seconds(r, -2, 50), s.calmFrom-seconds(r, 1, 3))
	}
	return moment{at: at, slot: r.IntN(s.replicas)}
}

func seconds(r *rand.Rand, low, high int) time.Duration {
	return time.Duration(low)*time.Second + time.Duration(r.Int64N(int64(time.Duration(high-low)*time.Second)))
}

func chance(r *rand.Rand, p float64) bool { return r.Float64() < p }

func pick(r *rand.Rand, from ...float64) float64 { return from[r.IntN(len(from))] }

// longest bounds the duration of executions without faults, one of each definition.
func (s *scenario) longest() (sum time.Duration) {
	longest := map[string]time.Duration{name: s.own().longest(s.nodes, s.leastPods(s.pool))}
	for _, n := range s.nodeCronJobs {
		for _, c := range n.changes {
			if pool := c.terms.pool; pool > 0 {
				longest[n.name] = max(longest[n.name], c.terms.longest(s.nodes, s.leastPods(pool)))
			}
		}
	}
	for _, one := range longest {
		sum += one
	}
	return sum
}
