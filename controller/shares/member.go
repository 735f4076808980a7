package shares

// Claim is what an open execution asks for.
type Claim struct {
	// Exposed is how many node tasks are admitted and have not ended, if the next write has
	// all ends that are known.
	Exposed int
	// Want is how many node tasks could be admitted and not have ended: podPoolSize, or as
	// many as are left.
	Want     int
	Priority int // the highest is served first
}

// Step is what a run writes into its Execution next.
type Step struct {
	// Share is podShare; execution.NoShare: it is absent.
	Share int
	// Admit is how many node tasks may be admitted and not have ended, at most Share.
	// execution.NoShare: any number.
	Admit int
	// Due says that the write must not wait, and has to be made also if nothing else has
	// changed. If the share stays, something else in the status has to change: an update
	// that changes nothing is no write, and proves nothing.
	Due bool
}

// Member is an execution that is open in this process. Its methods are for the one writer of
// the Execution: it asks Plan before each write, and says afterwards that it was Written, or
// that it is Lost.
type Member struct {
	keeper *Keeper
	uid    string
	wake   chan<- struct{}

	// The lock of the keeper guards what follows.
	share    int   // podShare as it was last read or written
	claims   bool  // it has a claim; before, it keeps what it has
	claim    Claim // as of the last Plan
	planned  Step
	served   int64     // the turn in which it last got slots
	granting bool      // the round under way grants it a share
	lost     bool      // but the chain of its Execution has broken since
	raise    *raise    // it was granted a share, which is to be written
	using    *raise    // that is in the write that Plan has returned
	lowering *lowering // that is in the write that Plan has returned
	lowered  *lowering // it was written, and the state is to be told
}

// raise is a share that the state has granted.
type raise struct {
	to    int
	chain uint64 // of the state
}

// lowering is a share that the state may lower the entry's to.
type lowering struct {
	to    int
	chain uint64 // of the state, before the Execution was written
}

// Join adds an open execution, with its podShare as it was read or written; wake gets a
// value when its next step is due. An execution of the same UID is replaced.
func (k *Keeper) Join(uid string, share int, wake chan<- struct{}) *Member {
	k.mu.Lock()
	defer k.mu.Unlock()
	m := &Member{keeper: k, uid: uid, wake: wake, share: share, served: k.turn}
	k.members[uid] = m
	return m
}

// Leave removes the execution: its run has ended. Its share stays taken until its entry is
// removed from the state, or changes if it joins again.
func (m *Member) Leave() {
	k := m.keeper
	k.mu.Lock()
	if k.members[m.uid] == m {
		delete(k.members, m.uid)
	}
	k.mu.Unlock()
	k.changed(nil)
}

// Plan returns what to write next. It may be called without a write.
func (m *Member) Plan(c Claim) Step {
	k := m.keeper
	// The chain is read before the state: a lowering is bound to it.
	chain, s, maxPods := k.State.Chain(), k.State.State(), k.Max()
	k.mu.Lock()
	// A raise that cannot be used any more has to be granted again.
	isNew := !m.claims || c != m.claim || (m.raise != nil && !m.usable(chain, maxPods))
	m.claims, m.claim = true, c
	m.planned = m.step(k.divide(s, maxPods, nil), chain)
	m.use(chain, maxPods)
	step := m.planned
	k.mu.Unlock()
	if isNew {
		k.changed(m)
	}
	return step
}

// use notes what is in the planned write. To begin a lowering forgets a raise.
func (m *Member) use(chain uint64, maxPods int) {
	m.using, m.lowering = nil, nil
	switch {
	case !m.planned.Due:
	case m.usable(chain, maxPods):
		m.using = m.raise
	default:
		m.raise, m.lowering = nil, &lowering{to: m.planned.Share, chain: chain}
	}
}

// Written says that what Plan returned was written: the Execution has the share, and as many
// node tasks are admitted and have not ended.
func (m *Member) Written(exposed int) {
	k := m.keeper
	k.mu.Lock()
	m.share = m.planned.Share
	if m.using != nil && m.raise == m.using {
		m.raise = nil
	}
	if m.lowering != nil {
		m.lowered = m.lowering
	}
	m.using, m.lowering = nil, nil
	if exposed > m.claim.Exposed { // it has admitted some
		k.turn++
		m.served = k.turn
	}
	m.claim.Exposed = exposed
	k.mu.Unlock()
	k.changed(m)
}

// Lost says that another client may have written the Execution, or that the response to a
// write was lost.
func (m *Member) Lost() {
	k := m.keeper
	k.mu.Lock()
	m.lost, m.raise, m.using, m.lowering, m.lowered = true, nil, nil, nil, nil
	k.mu.Unlock()
	k.changed(m)
}
