package execution

import (
	"fmt"
	"testing"
)

// Each node's token is in the Secret that its pod is sent to, and in no other.
func TestTokenNodes(t *testing.T) {
	for _, per := range []int{0, 1, 2, 3, 7, 50} {
		for n := range 9 {
			t.Run(fmt.Sprintf("%d nodes, %d in a Secret", n, per), func(t *testing.T) {
				p := Plan{Settings: Settings{TokensPerSecret: per}}
				for i := range n {
					p.Nodes = append(p.Nodes, Node{Name: fmt.Sprint(i)})
				}
				seen := 0
				for number := range n + 1 {
					for _, node := range p.TokenNodes(number) {
						if got := p.Settings.TokenSecret(seen); node.Name != fmt.Sprint(seen) || got != number {
							t.Errorf("node %s is in Secret %d, want node %d, which belongs to %d", node.Name, number, seen, got)
						}
						seen++
					}
				}
				if seen != n {
					t.Errorf("%d nodes are in a Secret", seen)
				}
			})
		}
	}
}
