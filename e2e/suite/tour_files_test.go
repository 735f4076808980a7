//go:build e2e

package suite

import (
	"context"
	"encoding/json"
	"regexp"
	"strings"
	"testing"
)

// testFiles checks the uploaded files, each named in a different way.
func testFiles(t *testing.T, ctx context.Context, tour tour) {
	id := tour.execution.ID
	for _, way := range []struct{ name, file, content string }{
		{"a file is named by the query", "by-query.txt", "by query from "},
		{"a file is named by Content-Disposition", "by-header.txt", "by header from "},
		{"a file is named by its part of a form", "by-form.txt", "by form from "},
	} {
		t.Run(way.name+", after the node's name", func(t *testing.T) {
			for _, node := range env.nodes {
				got := tour.uploaded(t, ctx, id, node+"-"+way.file)
				if want := way.content + node + "\n"; got != want {
					t.Errorf("node %s: got %q, want %q", node, got, want)
				}
			}
		})
	}
	t.Run("a file without a name gets a UUID, after the node's name", func(t *testing.T) {
		for _, node := range env.nodes {
			name := tour.namelessFile(t, ctx, node)
			pattern := regexp.MustCompile("^" + regexp.QuoteMeta(node) + `-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.[a-z]+$`)
			if !pattern.MatchString(name) {
				t.Errorf("node %s: got name %q", node, name)
			}
			if got, want := tour.uploaded(t, ctx, id, name), "nameless from "+node+"\n"; got != want {
				t.Errorf("node %s: got %q, want %q", node, got, want)
			}
		}
	})
	t.Run("the files are served as those of the latest execution too", func(t *testing.T) {
		for _, node := range env.nodes {
			if got := tour.uploaded(t, ctx, "latest", node+"-by-query.txt"); !strings.Contains(got, node) {
				t.Errorf("node %s: got %q", node, got)
			}
		}
	})
	t.Run("reportDirectory is where they are", func(t *testing.T) {
		// It is the only directory that the controller can write to.
		pod, err := tour.Pod(ctx)
		if err != nil {
			t.Fatal(err)
		}
		container := pod.Spec.Containers[0]
		if c := container.SecurityContext; c == nil || c.ReadOnlyRootFilesystem == nil || !*c.ReadOnlyRootFilesystem {
			t.Error("the controller's file system is not read-only")
		}
		for _, mount := range container.VolumeMounts {
			if !mount.ReadOnly && mount.MountPath != "/var/reports" {
				t.Errorf("the controller can write to %s", mount.MountPath)
			}
		}
	})
	t.Run("the report pages list the execution and its files", func(t *testing.T) {
		if got := tour.uploaded(t, ctx, id, ""); !strings.Contains(got, env.nodes[0]+"-by-query.txt") {
			t.Errorf("the execution's page does not name the file:\n%s", got)
		}
	})
}

// namelessFile returns the name in the response to an upload without a name.
func (tour tour) namelessFile(t *testing.T, ctx context.Context, node string) string {
	t.Helper()
	var answer struct{ Files []string }
	text := tour.uploaded(t, ctx, tour.execution.ID, node+"-nameless.json")
	if err := json.Unmarshal([]byte(text), &answer); err != nil || len(answer.Files) != 1 {
		t.Fatalf("the response to the upload is %q, %v", text, err)
	}
	return answer.Files[0]
}
