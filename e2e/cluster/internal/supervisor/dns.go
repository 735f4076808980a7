package supervisor

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/batch-job-controller/batch-job-controller/e2e/cluster/internal/apiclient"
	"github.com/batch-job-controller/batch-job-controller/e2e/cluster/internal/plan"
)

const (
	dnsTTL        = 5 // seconds
	lookupTimeout = 5 * time.Second
)

var errNoSuchName = errors.New("no such name")

// nameServer resolves the names of Services, and no other names: the cluster has no access
// to other networks.
type nameServer struct {
	api *apiclient.Client
}

func (n *nameServer) serve(conn net.PacketConn) {
	buf := make([]byte, 1500)
	for {
		size, from, err := conn.ReadFrom(buf)
		if err != nil {
			return
		}
		query := append([]byte(nil), buf[:size]...)
		go func() {
			answer, err := n.answer(query)
			if err != nil {
				slog.Warn("name server", "from", from.String(), "error", err)
				return
			}
			_, _ = conn.WriteTo(answer, from)
		}()
	}
}

func (n *nameServer) answer(query []byte) ([]byte, error) {
	var parser dnsmessage.Parser
	header, err := parser.Start(query)
	if err != nil {
		return nil, fmt.Errorf("parse query: %w", err)
	}
	question, err := parser.Question()
	if err != nil {
		return nil, fmt.Errorf("parse question: %w", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), lookupTimeout)
	defer cancel()
	addresses, err := n.lookup(ctx, question.Name.String())
	reply := dnsmessage.Header{
		ID: header.ID, Response: true, Authoritative: true, RecursionDesired: header.RecursionDesired,
		RecursionAvailable: true,
	}
	switch {
	case errors.Is(err, errNoSuchName):
		reply.RCode = dnsmessage.RCodeNameError
	case err != nil:
		reply.RCode = dnsmessage.RCodeServerFailure
	}
	return pack(reply, question, addresses)
}

func pack(header dnsmessage.Header, question dnsmessage.Question, addresses []netip.Addr) ([]byte, error) {
	message := dnsmessage.Message{Header: header, Questions: []dnsmessage.Question{question}}
	for _, address := range addresses {
		// There are no records of other types.
		if question.Type != dnsmessage.TypeA || !address.Is4() {
			continue
		}
		message.Answers = append(message.Answers, dnsmessage.Resource{
			Header: dnsmessage.ResourceHeader{Name: question.Name, Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET, TTL: dnsTTL},
			Body:   &dnsmessage.AResource{A: address.As4()},
		})
	}
	packed, err := message.Pack()
	if err != nil {
		return nil, fmt.Errorf("pack response: %w", err)
	}
	return packed, nil
}

// lookup returns a Service's cluster IP, or its endpoints if it is headless.
func (n *nameServer) lookup(ctx context.Context, name string) ([]netip.Addr, error) {
	service, namespace, ok := parseServiceName(name)
	if !ok {
		return nil, errNoSuchName
	}
	var object struct {
		Spec struct{ ClusterIP string }
	}
	err := n.api.Get(ctx, fmt.Sprintf("/api/v1/namespaces/%s/services/%s", namespace, service), &object)
	var status *apiclient.StatusError
	if errors.As(err, &status) && status.Code == http.StatusNotFound {
		return nil, errNoSuchName
	}
	if err != nil {
		return nil, err
	}
	if object.Spec.ClusterIP == "None" {
		return n.endpoints(ctx, namespace, service)
	}
	address, err := netip.ParseAddr(object.Spec.ClusterIP)
	if err != nil {
		return nil, errNoSuchName // of type ExternalName
	}
	return []netip.Addr{address}, nil
}

func (n *nameServer) endpoints(ctx context.Context, namespace, service string) ([]netip.Addr, error) {
	var list struct {
		Items []struct {
			Endpoints []struct {
				Addresses  []netip.Addr
				Conditions struct{ Ready *bool }
			}
		}
	}
	path := fmt.Sprintf("/apis/discovery.k8s.io/v1/namespaces/%s/endpointslices?labelSelector=kubernetes.io/service-name%%3D%s",
		namespace, service)
	if err := n.api.Get(ctx, path, &list); err != nil {
		return nil, err
	}
	var addresses []netip.Addr
	for _, slice := range list.Items {
		for _, endpoint := range slice.Endpoints {
			if endpoint.Conditions.Ready == nil || *endpoint.Conditions.Ready {
				addresses = append(addresses, endpoint.Addresses...)
			}
		}
	}
	return addresses, nil
}

// parseServiceName splits service.namespace.svc.cluster.local.
func parseServiceName(name string) (service, namespace string, ok bool) {
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	prefix, ok := strings.CutSuffix(name, ".svc."+plan.ClusterDomain)
	if !ok {
		return "", "", false
	}
	service, namespace, ok = strings.Cut(prefix, ".")
	return service, namespace, ok && service != "" && namespace != "" && !strings.Contains(namespace, ".")
}
