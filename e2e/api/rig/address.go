package rig

import (
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"testing"
)

// ports are where the replicas of one server listen, each on a loopback
// address of its own: all replicas have the same callback port, as they have
// behind a Service.
type ports struct {
	network                           string // the first three bytes of the addresses
	report, callback, health, metrics int
}

// freePorts returns ports that nobody listens on. The random network keeps
// anybody else from taking one meanwhile.
func freePorts(tb testing.TB) ports {
	tb.Helper()
	p := ports{network: fmt.Sprintf("127.%d.%d.", 1+rand.IntN(254), 1+rand.IntN(254))}
	for _, port := range []*int{&p.report, &p.callback, &p.health, &p.metrics} {
		// On all addresses: who listens on all of them is in the way too.
		listener, err := net.Listen("tcp", ":0") //nolint:gosec // nothing is accepted from it
		if err != nil {
			tb.Fatal(err)
		}
		defer listener.Close() // after all four are chosen
		*port = listener.Addr().(*net.TCPAddr).Port
	}
	return p
}

func (p ports) host(replica int) string { return p.network + strconv.Itoa(replica) }

func (p ports) address(replica, port int) string {
	return net.JoinHostPort(p.host(replica), strconv.Itoa(port))
}
