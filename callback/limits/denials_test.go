package limits

import (
	"net/url"
	"testing"
	"time"
)

func TestManyAddressesDoNotFillTheMemory(t *testing.T) {
	now := time.Unix(0, 0)
	d := NewDenials(func() time.Time { return now })
	for n := range 2 * maxDenying {
		d.Add(url.PathEscape(string(rune(n))))
	}
	if len(d.counts) > maxDenying+1 {
		t.Errorf("%d addresses are remembered", len(d.counts))
	}
	if d.Add("one more") {
		t.Error("an address beyond those with their own count got the reason")
	}
	now = now.Add(time.Second)
	if !d.Add("one more") {
		t.Error("a second later it is not")
	}
}
