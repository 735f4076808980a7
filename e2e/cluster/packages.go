package cluster

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
)

// cniPlugin represents all CNI plugins. The plugin bridge cannot, because iproute2 has a
// program of that name.
const cniPlugin = "host-local"

// debianPackages returns the Debian package of each program.
func debianPackages() map[string]string {
	return map[string]string{
		"runc":      "runc",
		cniPlugin:   "containernetworking-plugins",
		"iptables":  "iptables",
		"nft":       "nftables",
		"conntrack": "conntrack",
		"ip":        "iproute2",
		"busybox":   "busybox-static",
		"curl":      "curl",
	}
}

// ensurePackages installs the packages of the distribution that real nodes need.
func ensurePackages(ctx context.Context, log io.Writer) error {
	var programs, packages []string
	for program, pkg := range debianPackages() {
		if _, err := findProgram(program); err != nil {
			programs, packages = append(programs, program), append(packages, pkg)
		}
	}
	if len(programs) == 0 {
		return nil
	}
	sort.Strings(programs)
	sort.Strings(packages)
	apt, err := exec.LookPath("apt-get")
	if err != nil || os.Geteuid() != 0 {
		return fmt.Errorf("missing programs: %s (on Debian, as root: apt-get install %s)",
			strings.Join(programs, ", "), strings.Join(packages, " "))
	}
	fmt.Fprintf(log, "installing Debian packages %s\n", strings.Join(packages, " "))
	install := append([]string{"install", "-y", "--no-install-recommends"}, packages...)
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

// findProgram also searches the directories of administrators' programs and CNI plugins.
func findProgram(name string) (string, error) {
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
