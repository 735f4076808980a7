package auth

import (
	"os"
	"slices"
	"sync"
	"time"

	"k8s.io/utils/clock"

	"github.com/batch-job-controller/batch-job-controller/controller/route"
)

// Issuers are those of the cluster's service account tokens, as the replica's own
// token names them. While the cluster changes its issuer it has several.
type Issuers struct {
	file  string
	clock clock.PassiveClock

	mu   sync.Mutex
	read time.Time
	all  []string
}

const (
	issuerPause = time.Minute
	maxIssuers  = 8
)

// NewIssuers returns the Issuers that the token in a file names. Without a file
// none are known.
func NewIssuers(file string, clk clock.PassiveClock) *Issuers {
	return &Issuers{file: file, clock: clk}
}

// Known returns them, and looks for a new one now and then.
func (i *Issuers) Known() []string {
	now := i.clock.Now()
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.file == "" || (!i.read.IsZero() && now.Sub(i.read) < issuerPause) {
		return i.all
	}
	i.read = now
	token, err := os.ReadFile(i.file)
	if err != nil {
		return i.all // the API server judges then
	}
	issuer := route.IssuerOf(string(token))
	if issuer != "" && !slices.Contains(i.all, issuer) && len(i.all) < maxIssuers {
		i.all = append(slices.Clone(i.all), issuer) // the other may be in use
	}
	return i.all
}
