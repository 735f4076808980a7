package run

import (
	"errors"
	"fmt"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
	"github.com/batch-job-controller/batch-job-controller/controller/record"
	"github.com/batch-job-controller/batch-job-controller/controller/shares"
)

// Shares divides maxPods among the open executions. It is a *shares.Keeper.
type Shares interface {
	// Join adds an execution with its share; wake gets a value when another one has to be
	// written.
	Join(uid string, share int, wake chan<- struct{}) *shares.Member
}

// errExceedsShare is a fault of the controller: the record would say that more pods than
// maxPods allows may run.
var errExceedsShare = errors.New("more node tasks would be admitted than the execution's share of maxPods")

// join has the execution get a share of maxPods, and returns what ends that.
func (e *Execution) join() (leave func()) {
	if e.Shares == nil {
		return func() {}
	}
	r := e.Record()
	e.member = e.Shares.Join(string(r.Object.UID), r.Share(), e.wake)
	return e.member.Leave
}

// planShare returns the share to write next, and how many node tasks it admits. The caller
// holds e.mu.
func (e *Execution) planShare() shares.Step {
	if e.member == nil {
		share := e.record.Share()
		return shares.Step{Share: share, Admit: share}
	}
	claim := shares.Claim{Exposed: e.ledger.Exposed(), Want: e.ledger.Usable(), Priority: e.Priority()}
	if s := e.steering(); s.Paused || s.Cancel != plan.NotCanceled {
		claim.Want = 0
	}
	return e.member.Plan(claim)
}

// writtenShare notes that the account was written with the share that was planned last.
func (e *Execution) writtenShare(account execution.Account) {
	if e.member != nil {
		e.member.Written(account.Exposed())
	}
}

// loseShare notes that the Execution was changed by another client, or may have been written.
func (e *Execution) loseShare() {
	if e.member != nil {
		e.member.Lost()
	}
}

// next returns what to write with an account. The caller holds e.mu.
func (e *Execution) next(account execution.Account, share shares.Step) record.Next {
	return record.Next{
		Account: account, Share: record.PodShare(share.Share), Running: e.ledger.Running(), At: e.Clock.Now(), HeldBack: e.isHeldBack(), Write: share.Due,
	}
}

// checkShare fails if the account admits tasks beyond the share.
func (e *Execution) checkShare(next record.Next) error {
	if next.Share == nil || next.Account.Admitted.Len() == e.Record().Account.Admitted.Len() {
		return nil
	}
	if n := next.Account.Exposed(); n > int(*next.Share) {
		return fmt.Errorf("%w: %d of %d", errExceedsShare, n, *next.Share)
	}
	return nil
}
