package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
)

// packImage assembles the image with the tool of `make image`.
func (r *release) packImage(ctx context.Context) error {
	archive, err := filepath.Abs(filepath.Join(r.output, server+"_"+r.version+"_image.tar"))
	if err != nil {
		return err
	}
	name := r.repository + ":" + r.version
	args := []string{"run", ".", "-format", "oci", "-o", archive, "-tag", name,
		"-label", "org.opencontainers.image.version=" + r.version,
		"-label", "org.opencontainers.image.revision=" + r.source.commit,
		"-label", "org.opencontainers.image.created=" + r.source.date.Format(dateFormat),
	}
	if r.push {
		args = append(args, "-push")
	}
	for _, p := range r.programs {
		if p.name == server {
			args = append(args, "-binary", p.file)
		}
	}
	tool := filepath.Join(r.source.dir, "e2e", "tools", "image")
	env := []string{fmt.Sprintf("%s=%d", epochVariable, r.source.date.Unix()), "GOWORK=off"}
	printed, err := output(ctx, tool, env, "go", args...)
	if err != nil {
		return err
	}
	_, digest, _ := strings.Cut(printed, " ")
	if !strings.HasPrefix(digest, "sha256:") {
		return errors.New("the image's tool printed no digest: " + printed)
	}
	r.reference = name + "@" + digest
	return nil
}

// dateFormat is RFC 3339 in seconds, which the bill of materials requires.
const dateFormat = "2006-01-02T15:04:05Z"
