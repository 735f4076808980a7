package plan_test

import "fmt"

// model is the protocol, and how much of it is explored.
type model struct {
	executions int
	maxPods    int
	exposed    bool // tasks are admitted and end
	losses     bool // responses get lost
	deletions  uint8
	without    rule // the one that is left out
	table      *table
	emit       func(step, world)
}

// step is what happens.
type step struct {
	what              string
	leader, execution int
	share             int
}

func (s step) String() string {
	text := s.what
	if s.leader >= 0 {
		text = fmt.Sprintf("leader %d %s", s.leader+1, text)
	}
	if s.execution >= 0 {
		text += fmt.Sprintf(" %c", 'a'+s.execution)
	}
	if s.share >= 0 {
		text += fmt.Sprintf(" to %d", s.share)
	}
	return text
}

// steps calls emit with each world that may be next.
func (m *model) steps(w world, emit func(step, world)) {
	m.emit = emit
	for k := range w.leaders {
		m.readState(w, k)
		m.createState(w, k)
		m.restored(w, k)
		for i := range m.executions {
			m.readExecution(w, k, i)
			m.restore(w, k, i)
			m.begin(w, k, i)
			m.findEntry(w, k, i)
			m.open(w, k, i)
			m.work(w, k, i)
			m.closeOrReject(w, k, i)
			m.end(w, k, i)
			m.grant(w, k, i)
			m.raise(w, k, i)
			m.lowerExecution(w, k, i)
			m.lowerQueued(w, k, i)
			m.lowerState(w, k, i)
		}
		if w.leaders[k] != (leader{}) {
			next := w
			next.leaders[k] = leader{}
			emit(step{"crashes", k, -1, -1}, next)
		}
	}
	m.arrivals(w)
}

// arrivals has requests arrive or get lost whose senders wait no longer, and the state be
// deleted.
func (m *model) arrivals(w world) {
	if w.lateState > 0 {
		next := w
		next.setState(content(w.lateState-1), -1)
		m.emit(step{"a late swap of the state arrives", -1, -1, -1}, next)
		next = w
		next.lateState = 0
		m.emit(step{"a late swap of the state is lost", -1, -1, -1}, next)
	}
	if w.lateCreate > 0 {
		next := w
		next.lateCreate = 0
		if w.state == 0 {
			next.setState(content(w.lateCreate-1), -1)
		}
		m.emit(step{"a late creation of the state arrives", -1, -1, -1}, next)
	}
	for i, l := range w.lateWrites {
		if l > 0 {
			next := w
			next.setExecution(i, l.object(), -1)
			m.emit(step{"a late swap arrives of", -1, i, -1}, next)
			next = w
			next.lateWrites[i] = 0
			m.emit(step{"a late swap is lost of", -1, i, -1}, next)
		}
	}
	if w.state > 0 && w.deletions < m.deletions {
		next := w
		next.setState(0, -1)
		next.deletions++
		m.emit(step{"the state is deleted", -1, -1, -1}, next)
	}
}

// setState makes a new version of the state, which only its writer has.
func (w *world) setState(c content, writer int) {
	w.state, w.lateState = c, 0
	for k := range w.leaders {
		l := &w.leaders[k]
		l.holdsState = k == writer
		if l.holdsState && !c.restoring() {
			l.of[0].restores, l.of[1].restores = 0, 0
		}
	}
}

// setExecution makes a new version of an Execution, which only its writer has.
func (w *world) setExecution(i int, o object, writer int) {
	w.executions[i], w.lateWrites[i] = o, 0
	for k := range w.leaders {
		if of := &w.leaders[k].of[i]; k != writer && of.holds == presentVersion {
			of.holds = oldVersion
		}
	}
}

// swapState has a leader swap the state, which it has. Either it gets the response, or it
// waits no longer, and its request may arrive later.
func (m *model) swapState(w world, s step, c content, then func(*memory)) {
	next := w
	next.setState(c, s.leader)
	if then != nil {
		then(&next.leaders[s.leader].of[s.execution])
	}
	m.emit(s, next)
	if m.losses && w.lateState == 0 {
		next := w
		next.lateState = late(c) + 1
		next.leaders[s.leader].holdsState = false
		m.forgetState(&next.leaders[s.leader])
		s.what += ", without a response,"
		m.emit(s, next)
	}
}

// swapExecution has a leader swap an Execution, which it has, the same way.
func (m *model) swapExecution(w world, s step, o object, then func(*memory)) {
	next := w
	next.setExecution(s.execution, o, s.leader)
	if then != nil {
		then(&next.leaders[s.leader].of[s.execution])
	}
	m.emit(s, next)
	if m.losses && w.lateWrites[s.execution] == 0 {
		next := w
		next.lateWrites[s.execution] = lateObject(o)
		of := &next.leaders[s.leader].of[s.execution]
		of.holds = noVersion
		m.forgetExecution(of)
		s.what += ", without a response,"
		m.emit(s, next)
	}
}

// forgetState is what a leader does if its chain of the state breaks.
func (m *model) forgetState(l *leader) {
	for i := range l.of {
		of := &l.of[i]
		if !m.lacks(forgetsLowerings) {
			of.lower = 0
		}
		if !m.lacks(forgetsRaises) {
			of.raise = 0
		}
		if !m.lacks(opensByPresent) {
			of.opens = 0
		}
		of.restores = 0
	}
}

// forgetExecution is what a leader does if its chain of an Execution breaks.
func (m *model) forgetExecution(of *memory) {
	if !m.lacks(holdsExecution) {
		of.raise = 0
	}
	if !m.lacks(opensAfterReading) {
		of.opens = 0
	}
	of.restores = 0
}

func (m *model) readState(w world, k int) {
	next := w
	l := &next.leaders[k]
	m.forgetState(l)
	l.holdsState, l.sawNone = w.state > 0, w.state == 0
	if next != w {
		m.emit(step{"reads the state", k, -1, -1}, next)
	}
}

func (m *model) readExecution(w world, k, i int) {
	next := w
	of := &next.leaders[k].of[i]
	m.forgetExecution(of)
	if of.holds = presentVersion; w.executions[i].phase == closed {
		*of = memory{restores: of.restores, lower: of.lower}
	}
	if next != w {
		m.emit(step{"reads", k, i, -1}, next)
	}
}
