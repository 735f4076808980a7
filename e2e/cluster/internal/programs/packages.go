package programs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"

	"github.com/batch-job-controller/batch-job-controller/e2e/cluster/internal/lock"
)

// CNIPlugin represents all CNI plugins. The plugin bridge cannot, because iproute2 has a
// program of that name.
const CNIPlugin = "host-local"

// debianPackages returns the Debian package of each program.
func debianPackages() map[string]string {
	return map[string]string{
		"runc":      "runc",
		CNIPlugin:   "containernetworking-plugins",
		"iptables":  "iptables",
		"nft":       "nftables",
		"conntrack": "conntrack",
		"ip":        "iproute2",
		"busybox":   "busybox-static",
		"curl":      "curl",
	}
}

// missingPrograms returns the programs that this machine lacks, and their packages.
func missingPrograms() (programs, packages []string) {
	for program, pkg := range debianPackages() {
		if _, err := Find(program); err != nil {
			programs, packages = append(programs, program), append(packages, pkg)
		}
	}
	sort.Strings(programs)
	sort.Strings(packages)
	return programs, packages
}

// Install installs the packages of the distribution that real nodes need.
func Install(ctx context.Context, log io.Writer) (err error) {
	if programs, _ := missingPrograms(); len(programs) == 0 {
		return nil
	}
	cache, err := cacheDir()
	if err != nil {
		return err
	}
	// Clusters that start together on a new machine would install them at the same time, and
	// an apt-get fails while another one runs.
	held, err := lock.Wait(ctx, filepath.Join(cache, "apt.lock"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, held.Close()) }()
	programs, packages := missingPrograms()
	if len(programs) == 0 {
		return nil
	}
	apt, err := exec.LookPath("apt-get")
	if err != nil || os.Geteuid() != 0 {
		return fmt.Errorf("missing programs: %s (on Debian, as root: apt-get install %s)",
			strings.Join(programs, ", "), strings.Join(packages, " "))
	}
	fmt.Fprintf(log, "installing Debian packages %s\n", strings.Join(packages, " "))
	// Another program of the machine may hold dpkg's lock.
	install := append([]string{"-o", "DPkg::Lock::Timeout=300", "install", "-y", "--no-install-recommends"}, packages...)
	if err := runQuietly(ctx, apt, install...); err == nil {
		return nil
	}
	// The package lists may be old or missing.
	return errors.Join(runQuietly(ctx, apt, "update"), runQuietly(ctx, apt, install...))
}

func runQuietly(ctx context.Context, program string, args ...string) error {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s %s: %w: %s", filepath.Base(program), strings.Join(args, " "), err, out[max(0, len(out)-1000):])
	}
	return nil
}

// Find also searches the directories of administrators' programs and CNI plugins.
func Find(name string) (string, error) {
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	for _, dir := range []string{"/usr/sbin", "/sbin", "/usr/local/sbin", "/usr/lib/cni", "/opt/cni/bin"} {
		path := filepath.Join(dir, name)
		if info, err := os.Stat(path); err == nil && info.Mode()&0o111 != 0 {
			return path, nil
		}
	}
	return "", fmt.Errorf("no program %s on this machine", name)
}
