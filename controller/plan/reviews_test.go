package plan

import (
	"fmt"
	"testing"
	"time"
)

func TestReviewsHaveABudgetOfEachAddress(t *testing.T) {
	now := time.Unix(1_000_000, 0)
	r := NewReviews()
	for i := range reviewBurst {
		if wait := r.Wait("10.0.0.1", now); wait != 0 {
			t.Fatalf("after %d refused tokens: wait %v", i, wait)
		}
		r.Refused("10.0.0.1", now)
	}
	if wait := r.Wait("10.0.0.1", now); wait != reviewInterval {
		t.Errorf("after all of them: wait %v, want %v", wait, reviewInterval)
	}
	if wait := r.Wait("10.0.0.2", now); wait != 0 {
		t.Errorf("another address: wait %v", wait)
	}
	now = now.Add(reviewInterval)
	if wait := r.Wait("10.0.0.1", now); wait != 0 {
		t.Errorf("later: wait %v", wait)
	}
}

func TestReviewsTellOnlySoManyAddressesApart(t *testing.T) {
	now := time.Unix(1_000_000, 0)
	r := NewReviews()
	for i := range maxReviewed + 100 {
		r.Refused(fmt.Sprint("address ", i), now)
	}
	if n := len(r.addresses); n > maxReviewed+1 {
		t.Errorf("%d addresses are remembered", n)
	}
	if wait := r.Wait("yet another", now); wait == 0 {
		t.Error("one of too many addresses has a budget of its own")
	}
	now = now.Add(reviewInterval)
	r.Refused("yet another", now)
	if n := len(r.addresses); n > reviewBurst*100 {
		t.Errorf("%d addresses are remembered after their budgets were full again", n)
	}
	if wait := r.Wait("and another", now); wait != 0 {
		t.Errorf("after that: wait %v", wait)
	}
}
