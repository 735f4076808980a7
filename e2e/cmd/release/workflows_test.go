package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

const root = "../../.."

type workflow struct {
	Permissions map[string]string
	Jobs        map[string]struct {
		Permissions map[string]string
		Steps       []struct {
			Uses, Run string
			With      map[string]any
		}
	}
}

func workflows(t *testing.T) map[string]workflow {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, ".github", "workflows", "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no workflows: %v", err)
	}
	all := map[string]workflow{}
	for _, file := range files {
		var w workflow
		if err := yaml.Unmarshal([]byte(readText(t, file)), &w); err != nil {
			t.Fatal(err)
		}
		all[filepath.Base(file)] = w
	}
	return all
}

func readText(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Workflows only call make, so that a developer can do the same. Their actions are pinned,
// and each job has only the permissions that it needs.
func TestWorkflows(t *testing.T) {
	pinned := regexp.MustCompile(`@[0-9a-f]{40}$`)
	mayWrite := map[string]string{"release.yaml/publish/contents": "write", "release.yaml/publish/packages": "write"}
	for file, w := range workflows(t) {
		if w.Permissions == nil || len(w.Permissions) > 0 {
			t.Errorf("%s: permissions: got %v, want {}: each job has its own", file, w.Permissions)
		}
		for job, j := range w.Jobs {
			if len(j.Permissions) == 0 {
				t.Errorf("%s: job %s: has no permissions of its own", file, job)
			}
			for what, got := range j.Permissions {
				if want := mayWrite[file+"/"+job+"/"+what]; got != "read" && got != want {
					t.Errorf("%s: job %s: permission %s: got %q, want read", file, job, what, got)
				}
			}
			for _, step := range j.Steps {
				if step.Uses != "" && !pinned.MatchString(step.Uses) {
					t.Errorf("%s: job %s: uses %s: must be pinned by a full commit", file, job, step.Uses)
				}
				if step.Run != "" && !strings.Contains(step.Run, "make ") && !strings.HasPrefix(step.Run, "docker login ") {
					t.Errorf("%s: job %s: runs %q: must be a make target", file, job, step.Run)
				}
			}
		}
	}
}

// Two toolchains would build two different releases.
func TestOneToolchainBuildsAll(t *testing.T) {
	from := regexp.MustCompile(`(?m)^FROM --platform=\$BUILDPLATFORM golang:([0-9.]+)@sha256:[0-9a-f]{64} AS build$`)
	match := from.FindStringSubmatch(readText(t, filepath.Join(root, "Dockerfile")))
	if match == nil {
		t.Fatal("the Dockerfile builds with no golang image that is pinned by its digest")
	}
	for file, w := range workflows(t) {
		for job, j := range w.Jobs {
			for _, step := range j.Steps {
				if got, ok := step.With["go-version"]; ok && got != match[1] {
					t.Errorf("%s: job %s: Go %v, want that of the Dockerfile, %s", file, job, got, match[1])
				}
			}
		}
	}
}
