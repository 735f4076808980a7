package main

import (
	"debug/elf"
	"fmt"
)

// architectureOf returns the processor architecture of a program. It rejects a program that
// could not start in the image.
func architectureOf(binary string) (string, error) {
	file, err := elf.Open(binary)
	if err != nil {
		return "", fmt.Errorf("%s is not a program for Linux: %w", binary, err)
	}
	defer file.Close() //nolint:errcheck // the file is only read
	for _, p := range file.Progs {
		if p.Type == elf.PT_INTERP {
			return "", fmt.Errorf("%s needs a loader, which the image does not have: build it with CGO_ENABLED=0", binary)
		}
	}
	switch {
	case file.Machine == elf.EM_X86_64:
		return "amd64", nil
	case file.Machine == elf.EM_AARCH64:
		return "arm64", nil
	case file.Machine == elf.EM_S390:
		return "s390x", nil
	case file.Machine == elf.EM_PPC64 && file.Data == elf.ELFDATA2LSB:
		return "ppc64le", nil
	default:
		return "", fmt.Errorf("%s is built for %s, which images are not made for", binary, file.Machine)
	}
}
