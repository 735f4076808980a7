package cluster

import (
	"errors"
	"fmt"
	"net"
	"os"

	"golang.org/x/sys/unix"

	"github.com/batch-job-controller/batch-job-controller/e2e/cluster/internal/plan"
)

// inheritance are the files that a supervisor inherits after its standard files. They are
// opened before the supervisor starts, so that no other process can take them.
type inheritance struct {
	lock  *os.File
	files []*os.File // the control socket, then the ports of the host
}

func (i *inheritance) all() []*os.File {
	return append([]*os.File{i.lock}, i.files...)
}

func (i *inheritance) close() {
	for _, f := range i.all() {
		_ = f.Close()
	}
}

// openSockets opens the control socket and the ports of the host, and writes the ports to the
// specification.
func openSockets(spec *plan.Spec) (files []*os.File, err error) {
	defer func() {
		if err != nil {
			for _, f := range files {
				_ = f.Close()
			}
		}
	}()
	control, err := listenControl(spec.Path(plan.ControlFile))
	if err != nil {
		return nil, err
	}
	files = append(files, control)
	if spec.Isolated() {
		host, port, err := listenHost()
		if err != nil {
			return files, err
		}
		spec.APIPort = port
		return append(files, host), nil
	}
	for _, port := range []*int{&spec.APIPort, &spec.EtcdPort, &spec.EtcdPeerPort} {
		var f *os.File
		if f, *port, err = reservePort(); err != nil {
			return files, err
		}
		files = append(files, f)
	}
	return files, nil
}

func listenControl(path string) (*os.File, error) {
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return nil, fmt.Errorf("open control socket: %w", err)
	}
	listener.SetUnlinkOnClose(false)
	f, err := listener.File()
	return f, errors.Join(err, listener.Close())
}

func listenHost() (*os.File, int, error) {
	listener, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil, 0, fmt.Errorf("open port of the API server: %w", err)
	}
	port := listener.Addr().(*net.TCPAddr).Port
	f, err := listener.File()
	return f, port, errors.Join(err, listener.Close())
}

// reservePort binds a port without listening on it. Only a server of the same user with
// SO_REUSEPORT can bind it too, any number of times.
func reservePort() (*os.File, int, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, 0, fmt.Errorf("open socket: %w", err)
	}
	f := os.NewFile(uintptr(fd), "reserved port")
	err = errors.Join(
		unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1),
		unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}),
	)
	if err != nil {
		return nil, 0, errors.Join(fmt.Errorf("reserve port: %w", err), f.Close())
	}
	address, err := unix.Getsockname(fd)
	if err != nil {
		return nil, 0, errors.Join(fmt.Errorf("reserve port: %w", err), f.Close())
	}
	return f, address.(*unix.SockaddrInet4).Port, nil
}
