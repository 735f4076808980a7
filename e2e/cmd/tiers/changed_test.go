package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
)

func TestDue(t *testing.T) {
	t.Chdir("../../..")
	tests := map[string]struct {
		covers func(string) string
		change change
		want   []string
		why    string
	}{
		"nothing has changed": {fuzzed, change{since: "1dde568"}, nil, "unchanged since 1dde568"},
		"git fails":           {fuzzed, change{err: errors.New("no repository")}, nil, "git cannot say what has changed (no repository)"},
		"a parser has changed": {fuzzed, change{since: "a", files: []string{"README.md", "controller/route/route.go"}},
			[]string{"./controller/route"}, "controller/route/route.go has changed since a"},
		"several parsers have changed, and each package is run once": {fuzzed, change{since: "a", files: []string{
			"controller/route/token.go", "controller/plan/schedule.go", "controller/route/route.go"}},
			[]string{"./controller/plan", "./controller/route"}, "controller/plan/schedule.go and 2 more have changed since a"},
		"an input was found":                    {fuzzed, change{since: "a", files: []string{"controller/plan/testdata/fuzz/FuzzX/1"}}, []string{"./controller/plan"}, "controller/plan/testdata/fuzz/FuzzX/1 has changed since a"},
		"only a test has changed":               {fuzzed, change{since: "a", files: []string{"controller/route/route_test.go"}}, nil, "unchanged since a"},
		"a package without targets has changed": {fuzzed, change{since: "a", files: []string{"cmd/app/app.go", "gone/gone.go"}}, nil, "unchanged since a"},
		"the build of releases has changed":     {released, change{since: "a", files: []string{"e2e/cmd/release/build.go", "e2e/tools/image/go.sum"}}, []string{"./e2e/cmd/release"}, "e2e/cmd/release/build.go and 1 more have changed since a"},
		"the modules of releases have changed":  {released, change{since: "a", files: []string{"go.mod"}}, []string{"./e2e/cmd/release"}, "go.mod has changed since a"},
		"only the programs have changed":        {released, change{since: "a", files: []string{"cmd/app/app.go", "e2e/tools/kube/go.mod"}}, nil, "unchanged since a"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, why := due(tt.change, tt.covers)
			if !slices.Equal(got, tt.want) || why != tt.why {
				t.Errorf("got %q, %q, want %q, %q", got, why, tt.want, tt.why)
			}
		})
	}
}

func TestReadChange(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("this machine lacks the command git")
	}
	repository := func(t *testing.T, commands ...[]string) {
		t.Helper()
		t.Chdir(t.TempDir())
		t.Setenv("GIT_CONFIG_GLOBAL", os.DevNull)
		for _, args := range commands {
			if args[0] == "write" {
				if err := os.WriteFile(args[1], []byte(args[1]), 0o644); err != nil {
					t.Fatal(err)
				}
				args = []string{"add", args[1]}
			}
			args = append([]string{"-c", "user.name=n", "-c", "user.email=e"}, args...)
			if out, err := exec.Command("git", args...).CombinedOutput(); err != nil {
				t.Fatalf("git %v: %v: %s", args, err, out)
			}
		}
	}
	begin := [][]string{{"init", "-q", "-b", "main"}, {"write", "first"}, {"commit", "-qm", "1"}}
	second := [][]string{{"write", "second"}, {"commit", "-qm", "2"}}
	tests := map[string]struct {
		commands [][]string
		want     []string
		fails    bool
	}{
		"the main branch, since the commit before": {slices.Concat(begin, second), []string{"second"}, false},
		"another branch, since it left the main branch": {slices.Concat(begin, [][]string{{"checkout", "-qb", "other"}}, second,
			[][]string{{"write", "third"}, {"commit", "-qm", "3"}}), []string{"second", "third"}, false},
		"the published main branch counts, not the local one": {slices.Concat(begin, [][]string{{"update-ref", "refs/remotes/origin/main", "HEAD"}}, second),
			[]string{"second"}, false},
		"a file that is moved has changed in both places": {slices.Concat(begin, [][]string{{"mv", "first", "moved"}, {"commit", "-qm", "2"}}),
			[]string{"first", "moved"}, false},
		"one commit only":  {begin, nil, true},
		"no main branch":   {slices.Concat(begin, second, [][]string{{"branch", "-qm", "trunk"}}), nil, true},
		"no commit at all": {begin[:1], nil, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			repository(t, tt.commands...)
			got := readChange(t.Context())
			slices.Sort(got.files)
			if !slices.Equal(got.files, tt.want) || (got.err != nil) != tt.fails || (got.since != "") == tt.fails {
				t.Errorf("got %+v, want %q, an error: %t", got, tt.want, tt.fails)
			}
		})
	}
	t.Run("uncommitted files, tracked or not", func(t *testing.T) {
		repository(t, slices.Concat(begin, second)...)
		for _, name := range []string{"first", "a new one"} {
			if err := os.WriteFile(name, []byte("changed"), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got := readChange(t.Context())
		slices.Sort(got.files)
		if want := []string{"a new one", "first", "second"}; got.err != nil || !slices.Equal(got.files, want) {
			t.Errorf("got %+v, want %q", got, want)
		}
	})
	t.Run("no repository", func(t *testing.T) {
		t.Chdir(t.TempDir())
		t.Setenv("GIT_CEILING_DIRECTORIES", filepath.Dir(t.TempDir()))
		if got := readChange(t.Context()); got.err == nil {
			t.Errorf("got %+v, want an error", got)
		}
	})
}
