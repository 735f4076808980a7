package report

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// claimName is the file that holds the claim under which results are replaced.
const claimName = ".results-claimed-by"

// ClaimResults stores a claim, under which alone results may be replaced. From then on
// every other replica is rejected, whatever it knows about the Lease: its view of a
// result may be stale when it writes.
func (s *Store) ClaimResults(claim string) error {
	if err := s.noted(s.claim(claim)); err != nil {
		return fmt.Errorf("claim the results: %w", err)
	}
	return nil
}

func (s *Store) claim(claim string) error {
	temp := tempName(".")
	f, err := s.disk.Create(temp)
	if err != nil {
		return err
	}
	if err := s.fill(f, temp, text([]byte(claim))); err != nil {
		return err
	}
	if err := s.replace(temp, claimName); err != nil {
		return err
	}
	return s.dirs.sync(".")
}

// checkClaim returns an error unless claim is the stored claim.
func (s *Store) checkClaim(claim string) error {
	stored, err := s.read(claimName)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if claim == "" || string(stored) != claim {
		return &sourceError{fmt.Errorf("%w: results are claimed by %q", execution.ErrNotLeader, stored)}
	}
	return nil
}
