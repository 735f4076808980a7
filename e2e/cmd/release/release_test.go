package main

import (
	"bytes"
	"context"
	"debug/buildinfo"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestArguments(t *testing.T) {
	tests := map[string]struct {
		args []string

		wantErr string // empty: none
	}{
		"a version":                {args: []string{"-version", "v1.2.3"}},
		"a candidate":              {args: []string{"-version", "v0.10.0-rc.1"}},
		"no version":               {wantErr: "VERSION=v1.2.3"},
		"what git describes":       {args: []string{"-version", "ca4e45c-dirty"}, wantErr: `"ca4e45c-dirty"`},
		"without a v":              {args: []string{"-version", "1.2.3"}, wantErr: "like v1.2.3"},
		"a leading zero":           {args: []string{"-version", "v1.02.3"}, wantErr: "like v1.2.3"},
		"another module's version": {args: []string{"-version", "v2.0.0"}, wantErr: "major version 0 or 1"},
		"build metadata":           {args: []string{"-version", "v1.2.3+x"}, wantErr: "like v1.2.3"},
		"an argument":              {args: []string{"-version", "v1.2.3", "now"}, wantErr: `"now"`},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := parse(tc.args, &bytes.Buffer{})
			if (err == nil) != (tc.wantErr == "") || (err != nil && !strings.Contains(err.Error(), tc.wantErr)) {
				t.Errorf("got %v, want %q", err, tc.wantErr)
			}
		})
	}
}

func TestADirectoryThatIsNotEmptyIsRefused(t *testing.T) {
	dir := t.TempDir()
	if err := makeEmpty(filepath.Join(dir, "new")); err != nil {
		t.Errorf("a missing directory: %v", err)
	}
	if err := makeEmpty(dir); err == nil || !strings.Contains(err.Error(), "new") {
		t.Errorf("got %v, want an error that names the file", err)
	}
}

func TestProgramsHaveToSayWhatTheyAre(t *testing.T) {
	info := func(version, revision, modified string) *buildinfo.BuildInfo {
		return &buildinfo.BuildInfo{Path: "x", Main: debug.Module{Version: version}, Settings: []debug.BuildSetting{
			{Key: "vcs.revision", Value: revision}, {Key: "vcs.modified", Value: modified},
		}}
	}
	tests := map[string]struct {
		info *buildinfo.BuildInfo

		wantErrs []string
	}{
		"as they should":     {info: info("v1.2.3", "cafe", "false")},
		"another version":    {info: info("v0.0.0-2026", "cafe", "false"), wantErrs: []string{`"v0.0.0-2026"`, `"v1.2.3"`}},
		"another commit":     {info: info("v1.2.3", "beef", "false"), wantErrs: []string{"beef"}},
		"changed sources":    {info: info("v1.2.3", "cafe", "true"), wantErrs: []string{"changed"}},
		"nothing of a stamp": {info: info("(devel)", "", ""), wantErrs: []string{"version", "commit", "changed"}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			err := checkInfo(tc.info, "v1.2.3", "cafe")
			if (err == nil) != (len(tc.wantErrs) == 0) {
				t.Fatalf("got %v, want %q", err, tc.wantErrs)
			}
			for _, want := range tc.wantErrs {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got %v, want %q in it", err, want)
				}
			}
		})
	}
}

func TestEachOverlayCanBeInstalledWithTheImageOfTheRelease(t *testing.T) {
	r := testRelease(t)
	if err := r.renderManifests(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, overlay := range []string{"demo", "dev", "production", "staging"} {
		text, err := os.ReadFile(filepath.Join(r.output, "install-"+overlay+".yaml"))
		if err != nil {
			t.Error(err)
			continue
		}
		if got := strings.Count(string(text), "image: "+r.reference+"\n"); got != 1 {
			t.Errorf("overlay %s: %d containers have the image of the release, want that of the controller", overlay, got)
		}
		if !strings.HasPrefix(string(text), "apiVersion: ") || !strings.Contains(string(text), "kind: Deployment\n") {
			t.Errorf("overlay %s: these are not manifests", overlay)
		}
	}
	if _, err := os.Stat(filepath.Join(r.output, "install-"+testOverlay+".yaml")); err == nil {
		t.Error("the overlay of the tests is released")
	}
	if _, err := renderInstall(testOverlay, r.reference); err == nil || !strings.Contains(err.Error(), "localhost/curl") {
		t.Errorf("an overlay with an image that only the tests have: got %v, want an error that names it", err)
	}
}

// testRelease returns a release in which this test is each of the programs.
func testRelease(t *testing.T) *release {
	t.Helper()
	info := &buildinfo.BuildInfo{
		GoVersion: "go1.26.8",
		Main:      debug.Module{Path: "github.com/Me/bjc", Version: "v1.2.3"},
		Deps: []*debug.Module{
			{Path: "github.com/google/go-cmp", Version: "v0.7.0", Sum: "h1:abc="},
			{Path: "example.com/old", Version: "v1.0.0", Replace: &debug.Module{Path: "example.com/New", Version: "v1.0.1+incompatible", Sum: "h1:def="}},
		},
	}
	r := &release{
		options:   options{version: "v1.2.3", output: t.TempDir(), log: &bytes.Buffer{}},
		source:    source{dir: t.TempDir(), commit: "cafe", date: time.Unix(1764000000, 0).UTC()},
		reference: "registry.example/me/bjc:v1.2.3@sha256:" + strings.Repeat("a", 64),
	}
	if err := os.WriteFile(filepath.Join(r.source.dir, "LICENSE"), []byte("free"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, p := range targets() {
		p.info, p.file = info, filepath.Join(t.TempDir(), p.fileName())
		if err := os.WriteFile(p.file, []byte(p.name+p.os+p.arch), 0o600); err != nil {
			t.Fatal(err)
		}
		r.programs = append(r.programs, p)
	}
	if err := r.packPrograms(t.Context()); err != nil {
		t.Fatal(err)
	}
	return r
}

func TestThePluginCanBeInstalledByKrew(t *testing.T) {
	r := testRelease(t)
	platforms, ok := pluginManifest("v1.2.3", r.programs)["spec"].(object)["platforms"].([]object)
	if !ok {
		t.Fatal("there are no platforms")
	}
	var got []string
	for _, p := range platforms {
		uri, sum := p["uri"].(string), p["sha256"].(string)
		archive := filepath.Join(r.output, uri[strings.LastIndex(uri, "/")+1:])
		if want, err := sumOf(archive); err != nil || sum != want {
			t.Errorf("%s: got checksum %s, want %s, %v", uri, sum, want, err)
		}
		got = append(got, strings.TrimPrefix(uri, homepage+"/releases/download/v1.2.3/")+" "+p["bin"].(string))
	}
	want := []string{
		"kubectl-batchjob_v1.2.3_darwin_amd64.tar.gz kubectl-batchjob",
		"kubectl-batchjob_v1.2.3_darwin_arm64.tar.gz kubectl-batchjob",
		"kubectl-batchjob_v1.2.3_linux_amd64.tar.gz kubectl-batchjob",
		"kubectl-batchjob_v1.2.3_linux_arm64.tar.gz kubectl-batchjob",
		"kubectl-batchjob_v1.2.3_windows_amd64.zip kubectl-batchjob.exe",
		"kubectl-batchjob_v1.2.3_windows_arm64.zip kubectl-batchjob.exe",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("platforms (-want +got):\n%s", diff)
	}
	if manifest := pluginManifest("v1.2.3", r.programs[:2]); manifest != nil {
		t.Errorf("without the plugin: got %v, want none", manifest)
	}
}

func TestTheBillOfMaterialsIsWhole(t *testing.T) {
	r := testRelease(t)
	if err := r.writeMaterials(t.Context()); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(r.output, "batch-job-controller_v1.2.3.spdx.json"))
	if err != nil {
		t.Fatal(err)
	}
	// The test parses the document with its own types, not with those of the library that
	// writes it.
	var d struct {
		Version      string `json:"spdxVersion"`
		DataLicense  string `json:"dataLicense"`
		Namespace    string `json:"documentNamespace"`
		CreationInfo struct {
			Created string `json:"created"`
		} `json:"creationInfo"`
		Packages []struct {
			ID               string `json:"SPDXID"`
			Name             string `json:"name"`
			Version          string `json:"versionInfo"`
			DownloadLocation string `json:"downloadLocation"`
			LicenseDeclared  string `json:"licenseDeclared"`
			SourceInfo       string `json:"sourceInfo"`
			References       []struct {
				Locator string `json:"referenceLocator"`
			} `json:"externalRefs"`
		} `json:"packages"`
		Relationships []struct {
			Element string `json:"spdxElementId"`
			Related string `json:"relatedSpdxElement"`
		} `json:"relationships"`
	}
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	if d.Version != "SPDX-2.3" || d.DataLicense != "CC0-1.0" || strings.Contains(d.Namespace, "#") || d.CreationInfo.Created != "2025-11-24T16:00:00Z" {
		t.Errorf("the document begins with %q, %q, %q, %q", d.Version, d.DataLicense, d.Namespace, d.CreationInfo.Created)
	}
	const documentID = "SPDXRef-DOCUMENT"
	allowed := regexp.MustCompile(`^SPDXRef-[A-Za-z0-9.-]+$`)
	defined, reached := map[string]int{documentID: -1}, map[string]bool{documentID: true}
	for i, c := range d.Packages {
		if _, twice := defined[c.ID]; twice || !allowed.MatchString(c.ID) {
			t.Errorf("%q is not the identifier of one package", c.ID)
		}
		if c.Name == "" || c.Version == "" || c.DownloadLocation == "" || c.LicenseDeclared == "" || len(c.References) != 1 {
			t.Errorf("%s lacks something: %+v", c.ID, c)
		}
		defined[c.ID] = i
	}
	for _, r := range d.Relationships {
		if _, ok := defined[r.Element]; !ok {
			t.Errorf("%s is not in the document", r.Element)
		}
		reached[r.Related] = true
	}
	if len(reached) != len(defined) {
		t.Errorf("%d of %d packages are related to another", len(reached), len(defined))
	}
	for id := range reached {
		if _, ok := defined[id]; !ok {
			t.Errorf("%s is not in the document", id)
		}
	}
	for id, want := range map[string][]string{
		"SPDXRef-Module-github.com-google-go-cmp-v0.7.0": {
			"pkg:golang/github.com/google/go-cmp@v0.7.0", "https://proxy.golang.org/github.com/google/go-cmp/@v/v0.7.0.zip", "go.sum: h1:abc=",
		},
		"SPDXRef-Module-example.com-New-v1.0.1-incompatible": {
			"pkg:golang/example.com/new@v1.0.1%2Bincompatible", "https://proxy.golang.org/example.com/!new/@v/v1.0.1+incompatible.zip", "go.sum: h1:def=",
		},
		"SPDXRef-Module-stdlib-1.26.8": {"pkg:golang/stdlib@1.26.8", "https://go.dev/dl/go1.26.8.src.tar.gz", ""},
		"SPDXRef-Archive-batch-job-controller-v1.2.3-linux-arm64.tar.gz": {
			"pkg:golang/github.com/me/bjc@v1.2.3?goarch=arm64&goos=linux#cmd/batch-job-controller",
			homepage + "/releases/download/v1.2.3/batch-job-controller_v1.2.3_linux_arm64.tar.gz", "",
		},
	} {
		i, ok := defined[id]
		if !ok {
			t.Errorf("there is no %s", id)
			continue
		}
		c := d.Packages[i]
		if diff := cmp.Diff(want, []string{c.References[0].Locator, c.DownloadLocation, c.SourceInfo}); diff != "" {
			t.Errorf("%s (-want +got):\n%s", id, diff)
		}
	}
}

func TestSumsAreWhatSha256sumReads(t *testing.T) {
	sha256sum, err := exec.LookPath("sha256sum")
	if err != nil {
		t.Skip("this machine lacks the command sha256sum")
	}
	r := testRelease(t)
	if err := r.writeSums(t.Context()); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), sha256sum, "--check", "--strict", sumsFile)
	cmd.Dir = r.output
	out, err := cmd.CombinedOutput()
	if err != nil || strings.Count(string(out), ": OK") != len(r.programs) {
		t.Errorf("%v: %s", err, out)
	}
}

// repositoryWith creates a repository with one commit.
func repositoryWith(t *testing.T, file string) (dir string) {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("this machine lacks the command git")
	}
	dir = t.TempDir()
	t.Setenv("GIT_CONFIG_GLOBAL", os.DevNull)
	for _, name := range []string{"GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL"} {
		t.Setenv(name, "me")
	}
	t.Setenv("GIT_COMMITTER_DATE", "1764000000 +0100")
	if err := os.WriteFile(filepath.Join(dir, file), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"init", "-q"}, {"add", "."}, {"commit", "-q", "-m", "x"}, {"tag", "v9.9.9"}} {
		if _, err := git(context.Background(), dir, args...); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestSourceIsWhatIsCommitted(t *testing.T) {
	dir := repositoryWith(t, "a")
	t.Chdir(dir)
	s, err := copySource(t.Context(), "v1.2.3")
	if err != nil {
		t.Fatal(err)
	}
	tags, err := git(t.Context(), s.dir, "tag")
	if err != nil || tags != "v1.2.3" {
		t.Errorf("tags: got %q, %v, want the version only", tags, err)
	}
	if _, err := os.Stat(filepath.Join(s.dir, "a")); err != nil {
		t.Error(err)
	}
	if want := time.Unix(1764000000, 0); !s.date.Equal(want) {
		t.Errorf("date: got %s, want that of the commit, %s", s.date, want)
	}
	if err := s.remove(); err != nil {
		t.Error(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "b"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := copySource(t.Context(), "v1.2.3"); err == nil || !strings.Contains(err.Error(), "?? b") {
		t.Errorf("with a file that is not committed: got %v, want an error that names it", err)
	}
}
