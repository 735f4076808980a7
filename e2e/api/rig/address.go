package rig

import (
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"testing"
)

// ports are the ports of the replicas of one server. Each replica has its own loopback address,
// and all have the same callback port, as behind a Service.
type ports struct {
	network                           string // the first three bytes of the addresses
	report, callback, health, metrics int
}

// freePorts returns ports that are not in use. The random network prevents that another process
// takes one meanwhile.
func freePorts(tb testing.TB) ports {
	tb.Helper()
	p := ports{network: fmt.Sprintf("127.%d.%d.", 1+rand.IntN(254), 1+rand.IntN(254))}
	for _, port := range []*int{&p.report, &p.callback, &p.health, &p.metrics} {
		// On all addresses: a process that listens on all of them would conflict, too.
		listener, err := net.Listen("tcp", ":0") //nolint:gosec // it accepts no connections
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
