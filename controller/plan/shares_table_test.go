package plan_test

// begun, granted, lowered and ended are what the state makes of a change: plan.State.Begin,
// Grant, Lower and End for shares that are small numbers.

func (m *model) begun(c content, i, share int) (content, bool) {
	shares := c.shares()
	shares[i] = share
	return contentOf(shares, 0), m.fits(shares)
}

func (m *model) granted(c content, i, to int) (content, bool) {
	shares := c.shares()
	shares[i] = to
	return contentOf(shares, 0), m.lacks(keepsSum) || m.fits(shares)
}

func (m *model) fits(shares [2]int) bool {
	return max(shares[0], 0)+max(shares[1], 0) <= m.maxPods
}

// lowered returns the same content if the Execution has no entry.
func (m *model) lowered(c content, i, to int) content {
	shares := c.shares()
	shares[i] = min(shares[i], to)
	return contentOf(shares, 0)
}

func (m *model) ended(c content, i int) content {
	shares := c.shares()
	shares[i] = -1
	return contentOf(shares, 0)
}
