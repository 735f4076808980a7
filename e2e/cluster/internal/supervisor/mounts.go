package supervisor

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

const (
	varLib = "/var/lib"
	varLog = "/var/log"
)

// privateMounts gives the namespace its own /proc and /run, and overlays for the fixed paths
// to which containerd, CNI and the kubelet write. The paths in keepVisible remain those of
// the host.
func privateMounts(keepVisible []string) error {
	keep, err := openAll(hidden(keepVisible))
	if err != nil {
		return err
	}
	defer closeAll(keep)
	steps := []mount{
		{target: "/", flags: unix.MS_REC | unix.MS_PRIVATE},
		// Shared again within the namespace: volumes with mount propagation need it.
		{target: "/", flags: unix.MS_REC | unix.MS_SHARED},
		{source: "proc", target: "/proc", fstype: "proc", flags: unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC},
		{source: "tmpfs", target: "/run", fstype: "tmpfs", flags: unix.MS_NOSUID | unix.MS_NODEV, data: "mode=755"},
		overlay(varLib),
		overlay(varLog),
	}
	for _, step := range steps {
		if err := step.do(); err != nil {
			return err
		}
	}
	for _, f := range keep {
		if err := restore(f); err != nil {
			return err
		}
	}
	return nil
}

type mount struct {
	source, target, fstype string
	flags                  uintptr
	data                   string
}

func (m mount) do() error {
	if m.fstype == "overlay" {
		for _, dir := range []string{"upper", "work"} {
			if err := os.MkdirAll(filepath.Join(overlayDir(m.target), dir), 0o755); err != nil {
				return fmt.Errorf("prepare overlay of %s: %w", m.target, err)
			}
		}
	}
	if err := unix.Mount(m.source, m.target, m.fstype, m.flags, m.data); err != nil {
		return fmt.Errorf("mount %s: %w", m.target, err)
	}
	return nil
}

// overlay shows the host's directory, and stores writes in /run.
func overlay(target string) mount {
	dir := overlayDir(target)
	return mount{
		source: "overlay", target: target, fstype: "overlay",
		data: fmt.Sprintf("lowerdir=%s,upperdir=%s/upper,workdir=%s/work", target, dir, dir),
	}
}

func overlayDir(target string) string {
	return "/run/overlay" + strings.ReplaceAll(target, "/", "-")
}

// hidden returns the paths that the private mounts would hide.
func hidden(paths []string) []string {
	var covered []string
	for _, path := range paths {
		for _, target := range []string{"/run", varLib, varLog} {
			if strings.HasPrefix(path, target+"/") {
				covered = append(covered, path)
			}
		}
	}
	return covered
}

func openAll(paths []string) ([]*os.File, error) {
	var files []*os.File
	for _, path := range paths {
		f, err := os.Open(path)
		if err != nil {
			closeAll(files)
			return nil, fmt.Errorf("keep path visible: %w", err)
		}
		files = append(files, f)
	}
	return files, nil
}

func closeAll(files []*os.File) {
	for _, f := range files {
		_ = f.Close()
	}
}

// restore binds a directory that was opened before the mounts over its path.
func restore(f *os.File) error {
	if err := os.MkdirAll(f.Name(), 0o755); err != nil {
		return fmt.Errorf("restore %s: %w", f.Name(), err)
	}
	source := fmt.Sprintf("/proc/self/fd/%d", f.Fd())
	if err := unix.Mount(source, f.Name(), "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
		return fmt.Errorf("restore %s: %w", f.Name(), err)
	}
	return nil
}

// detachBelow detaches every mount at or below a directory, so that the directory can be
// removed from within the namespace.
func detachBelow(dir string) error {
	data, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return fmt.Errorf("list mounts: %w", err)
	}
	targets := mountsBelow(string(data), dir)
	for i := len(targets) - 1; i >= 0; i-- {
		// A propagated mount is detached together with its source.
		if err := unix.Unmount(targets[i], unix.MNT_DETACH); err != nil && !errors.Is(err, unix.EINVAL) {
			return fmt.Errorf("unmount %s: %w", targets[i], err)
		}
	}
	return nil
}

// mountsBelow returns the mount points in the order in which they were mounted.
func mountsBelow(mountinfo, dir string) []string {
	var targets []string
	for line := range strings.Lines(mountinfo) {
		fields := strings.Fields(line)
		if len(fields) > 4 && (fields[4] == dir || strings.HasPrefix(fields[4], dir+"/")) {
			targets = append(targets, fields[4])
		}
	}
	return targets
}
