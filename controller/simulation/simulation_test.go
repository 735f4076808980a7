//go:debug randseednop=0

package simulation

import (
	"flag"
	"fmt"
	"log/slog"
	"math/rand" //nolint:depguard // client-go draws from its shared source
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	"k8s.io/klog/v2"
)

var (
	seeds = flag.Int("seeds", 250, "how many seeds to simulate")
	from  = flag.Uint64("from", 1, "the first of them")
)

func TestMain(m *testing.M) {
	flag.Parse()
	// One thread: the order of goroutines that can run at the same instant is then less
	// random. The other processors run processes of their own.
	runtime.GOMAXPROCS(1)
	debug.SetGCPercent(400) // worlds are small and short-lived
	klog.SetSlogLogger(quiet())
	// The default handlers sleep while they hold a lock.
	utilruntime.ErrorHandlers = nil
	os.Exit(m.Run())
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// simulate runs one seed in a bubble of virtual time.
func simulate(t *testing.T, seed uint64, show func(string), log *slog.Logger) (v verdict) {
	t.Helper()
	watchdog := time.AfterFunc(2*time.Minute, func() { panic(fmt.Sprintf("seed %d hangs", seed)) })
	defer watchdog.Stop()
	// client-go draws its pauses from the global source.
	rand.Seed(int64(seed)) //nolint:staticcheck // client-go uses no other source
	synctest.Test(t, func(*testing.T) { v = newWorld(seed, show, log).run() })
	return v
}

// How a seed is run again.
const seedVariable = "SIMULATION_SEED"

func TestSimulation(t *testing.T) {
	switch share, seed := os.Getenv(shareVariable), os.Getenv(seedVariable); {
	case seed != "":
		replay(t, seed)
	case share != "":
		runShare(t, share)
	default:
		runAll(t)
	}
}

// replay runs one seed and shows all its steps. The order of steps at one instant may still
// differ, so that the seed is run until it fails again.
func replay(t *testing.T, text string) {
	t.Helper()
	seed, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s: %v", seedVariable, err)
	}
	const attempts = 30
	for n := range attempts {
		var story story
		v := simulate(t, seed, story.add, slog.New(slog.NewTextHandler(&story, nil)))
		if v.problem == "" && n < attempts-1 {
			continue
		}
		fmt.Fprint(t.Output(), story.text.String())
		t.Logf("run %d of seed %d: %d steps in %s: %+v", n+1, seed, v.steps, v.lasted.Round(time.Millisecond), v.stats)
		if v.problem != "" {
			t.Error(v.problem)
		}
		return
	}
}

// In these seeds, the order of steps at one instant never matters. They have one definition: of
// several, either may be first.
func TestTheSameSeedIsTheSameStory(t *testing.T) {
	for _, seed := range []uint64{4, 5, 7, 12, 15, 17, 28, 34, 37, 40} {
		first, second := simulate(t, seed, nil, quiet()), simulate(t, seed, nil, quiet())
		if first.hash != second.hash {
			t.Errorf("seed %d: %d steps with hash %x, and again: %d with %x", seed, first.steps, first.hash, second.steps, second.hash)
		}
	}
}
