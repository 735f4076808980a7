package supervisor

import (
	"context"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"

	"github.com/batch-job-controller/batch-job-controller/e2e/cluster/internal/apiclient"
	"github.com/batch-job-controller/batch-job-controller/e2e/cluster/internal/plan"
)

const (
	pollInterval = 100 * time.Millisecond
	startTimeout = 10 * time.Minute // a start takes ten seconds on an idle machine
)

// bringUp returns when the cluster is ready, or as soon as one of its processes has died.
func (s *supervisor) bringUp(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, startTimeout, fmt.Errorf("not ready after %s", startTimeout))
	defer cancel()
	if s.spec.Isolated() {
		if err := s.makeNetwork(ctx); err != nil {
			return err
		}
	}
	if err := s.writeFiles(); err != nil {
		return err
	}
	if err := s.processes.start(append(s.nodeProcesses("containerd"), plan.Etcd)...); err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return s.startControlPlane(ctx) })
	group.Go(func() error { return s.importImages(ctx, s.spec.Images...) })
	return group.Wait()
}

func (s *supervisor) makeNetwork(ctx context.Context) error {
	if err := s.spawner.run(ctx, "", strings.Join(s.spec.ControlPlaneLinks(), "\n"), "ip", "-batch", "-"); err != nil {
		return err
	}
	for _, n := range s.spec.NodeList() {
		if err := s.spawner.run(ctx, n.Name, strings.Join(s.spec.NodeLinks(n), "\n"), "ip", "-batch", "-"); err != nil {
			return err
		}
		err := s.spawner.in(n.Name, func() error {
			return os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1"), 0)
		})
		if err != nil {
			return fmt.Errorf("enable forwarding of %s: %w", n.Name, err)
		}
	}
	return nil
}

func (s *supervisor) writeFiles() error {
	for _, n := range s.spec.NodeList() {
		if err := makeCgroup(s.spec.NodeCgroup(n)); err != nil {
			return err
		}
	}
	if err := writeCertificates(s.spec); err != nil {
		return err
	}
	files, err := s.spec.Files(s.snapshotter())
	if err != nil {
		return err
	}
	for path, data := range files {
		if err := writeFile(path, data); err != nil {
			return err
		}
	}
	s.api, err = apiclient.New("https://"+s.spec.APIAddress(),
		s.spec.Certificate("ca"), s.spec.Certificate("supervisor"), s.spec.Key("supervisor"))
	return err
}

// snapshotter avoids an overlay on an overlay, which the kernel rejects.
func (s *supervisor) snapshotter() string {
	var fs unix.Statfs_t
	if err := unix.Statfs(s.spec.Dir, &fs); err == nil && fs.Type == unix.OVERLAYFS_SUPER_MAGIC {
		return "native"
	}
	return "overlayfs"
}

func (s *supervisor) startControlPlane(ctx context.Context) error {
	if err := until(ctx, "etcd", func() error { return probe("tcp", s.spec.EtcdAddress()) }); err != nil {
		return err
	}
	if err := s.processes.start(plan.APIServer); err != nil {
		return err
	}
	if err := until(ctx, "API server", func() error { return s.api.Get(ctx, "/readyz", nil) }); err != nil {
		return err
	}
	s.report("API server answers")
	names := []string{plan.ControllerManager, plan.Scheduler}
	if s.spec.Simulated {
		names = append(names, plan.Kwok)
	}
	names = append(names, s.nodeProcesses("kubelet")...)
	names = append(names, s.nodeProcesses("kube-proxy")...)
	if err := s.processes.start(names...); err != nil {
		return err
	}
	if s.spec.Isolated() {
		if err := s.serveInside(); err != nil {
			return err
		}
	}
	return s.waitReady(ctx)
}

// serveInside starts the servers in the supervisor: the name server of the pods, and the
// port of the host.
func (s *supervisor) serveInside() error {
	conn, err := net.ListenPacket("udp", plan.DNSAddress)
	if err != nil {
		return fmt.Errorf("serve names: %w", err)
	}
	names := &nameServer{api: s.api}
	s.names.Store(names)
	go names.serve(conn)
	host, err := net.FileListener(os.NewFile(FdHost, "host"))
	if err != nil {
		return fmt.Errorf("serve the host: %w", err)
	}
	go forward(host, s.spec.APIAddress())
	return nil
}

// waitReady waits for the nodes, and for the ServiceAccount that pods in the default
// namespace need.
func (s *supervisor) waitReady(ctx context.Context) error {
	err := until(ctx, "default ServiceAccount", func() error {
		return s.api.Get(ctx, "/api/v1/namespaces/default/serviceaccounts/default", nil)
	})
	if err != nil {
		return err
	}
	return until(ctx, "nodes", func() error {
		ready, err := s.api.ReadyNodes(ctx, "type!=kwok")
		if err == nil && len(ready) < s.spec.Nodes {
			err = fmt.Errorf("%d of %d are Ready", len(ready), s.spec.Nodes)
		}
		return err
	})
}

func (s *supervisor) importImages(ctx context.Context, archives ...string) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, n := range s.spec.NodeList() {
		group.Go(func() error {
			err := until(ctx, "containerd of "+n.Name, func() error { return probe("unix", n.ContainerdSocket()) })
			if err != nil {
				return err
			}
			for _, archive := range archives {
				err := s.spawner.run(ctx, n.Name, "", s.spec.Bin("ctr"), "--address", n.ContainerdSocket(), "--namespace", "k8s.io",
					"images", "import", "--snapshotter", s.snapshotter(), archive)
				if err != nil {
					return fmt.Errorf("load image on %s: %w", n.Name, err)
				}
			}
			return nil
		})
	}
	return group.Wait()
}

func (s *supervisor) nodeProcesses(program string) []string {
	var names []string
	for _, n := range s.spec.NodeList() {
		names = append(names, program+"-"+n.Name)
	}
	return names
}

// until polls until ready returns nil. At the end of ctx, it returns an error with the last
// error of ready.
func until(ctx context.Context, what string, ready func() error) error {
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	for {
		err := ready()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w (waiting for %s: %w)", context.Cause(ctx), what, err)
		case <-ticker.C:
		}
	}
}

func probe(network, address string) error {
	conn, err := net.DialTimeout(network, address, time.Second)
	if err != nil {
		return err
	}
	return conn.Close()
}
