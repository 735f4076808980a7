package auth

import (
	"os"
	"slices"
	"sync"
	"time"

	"k8s.io/utils/clock"

	"github.com/batch-job-controller/batch-job-controller/controller/route"
)

// Issuers are the issuers of the cluster's service account tokens, from the replica's
// own token. While the cluster changes its issuer, there are several.
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

// NewIssuers returns the Issuers by the token in a file. Without a file there are none.
func NewIssuers(file string, clk clock.PassiveClock) *Issuers {
	return &Issuers{file: file, clock: clk}
}

// Known returns the issuers. It rereads the file at most once in issuerPause.
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
		return i.all // the API server decides then
	}
	issuer := route.IssuerOf(string(token))
	if issuer != "" && !slices.Contains(i.all, issuer) && len(i.all) < maxIssuers {
		i.all = append(slices.Clone(i.all), issuer) // the old issuer may still be in use
	}
	return i.all
}
