package cmd_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/batch-job-controller/batch-job-controller/"

// allowed is the import graph: what each package may import besides the
// standard library; k8s.io/api/... is all below k8s.io/api. Imports go one way,
// from cmd to the vocabulary. A package that is not listed fails, and so does an
// allowance that no file of the package needs. Each allowance has a line of its
// own, sorted, so that two changes rarely meet in one line.
var allowed = map[string][]string{
	"callback": {
		"callback/httpserver",
		"callback/limits",
		"callback/payload",
		"controller/execution",
		"controller/route",
		"github.com/gin-gonic/gin",
	},
	"callback/httpserver": {},
	"callback/httpserver/servertest": {
		"controller/servingcert/certificate",
	},
	"callback/limits": {
		"controller/execution",
		"golang.org/x/sync/semaphore",
	},
	"callback/payload": {
		"controller/execution",
		"sigs.k8s.io/json",
	},
	"callback/web": {
		"controller/execution",
	},

	"cmd/app": {
		"callback",
		"callback/httpserver",
		"callback/web",
		"cmd/validate",
		"cmd/version",
		"controller",
		"controller/auth",
		"controller/backoff",
		"controller/config",
		"controller/definition",
		"controller/execution",
		"controller/intake",
		"controller/jobspec",
		"controller/kube",
		"controller/lease",
		"controller/metrics",
		"controller/plan",
		"controller/report",
		"controller/servingcert",
		"github.com/prometheus/...",
		"github.com/spf13/pflag",
		"k8s.io/...",
	},
	"cmd/batch-job-controller": {
		"cmd/app",
	},
	"cmd/batchjob": {
		"cmd/batchjob/cli",
		"cmd/batchjob/install",
		"cmd/batchjob/watch",
		"cmd/validate",
		"cmd/version",
		"github.com/spf13/cobra",
		"k8s.io/cli-runtime/...",
	},
	"cmd/batchjob/cli": {
		"github.com/spf13/cobra",
		"k8s.io/cli-runtime/...",
	},
	"cmd/batchjob/cluster": {
		"cmd/batchjob/cli",
		"cmd/batchjob/objects",
		"cmd/batchjob/progress",
		"cmd/environment",
		"cmd/version",
		"controller/config",
		"controller/execution",
		"controller/jobspec",
		"controller/plan",
		"k8s.io/api/...",
		"k8s.io/apimachinery/...",
		"k8s.io/cli-runtime/...",
		"k8s.io/client-go/...",
	},
	"cmd/batchjob/install": {
		"cmd/batchjob/cli",
		"cmd/batchjob/cluster",
		"cmd/batchjob/objects",
		"cmd/batchjob/progress",
		"cmd/environment",
		"cmd/validate",
		"cmd/version",
		"controller/config",
		"controller/execution",
		"controller/plan",
		"github.com/spf13/cobra",
		"k8s.io/api/...",
		"k8s.io/apimachinery/...",
		"k8s.io/client-go/...",
		"k8s.io/pod-security-admission/...",
		"manifests",
	},
	"cmd/batchjob/objects": {
		"github.com/pmezard/go-difflib/...",
		"k8s.io/apimachinery/...",
		"k8s.io/client-go/...",
		"sigs.k8s.io/yaml",
	},
	"cmd/batchjob/progress": {
		"controller/execution",
		"controller/jobspec",
		"controller/record",
		"k8s.io/api/...",
		"k8s.io/apimachinery/...",
	},
	"cmd/batchjob/watch": {
		"cmd/batchjob/cli",
		"cmd/batchjob/cluster",
		"cmd/batchjob/objects",
		"cmd/batchjob/progress",
		"controller/config",
		"controller/execution",
		"controller/jobspec",
		"controller/plan",
		"github.com/spf13/cobra",
		"k8s.io/api/...",
		"k8s.io/apimachinery/...",
	},
	"cmd/environment": {
		"controller/config",
		"k8s.io/api/...",
	},
	"cmd/kubectl-batchjob": {
		"cmd/batchjob",
		"k8s.io/cli-runtime/...",
		"k8s.io/client-go/...",
		"k8s.io/klog/v2",
	},
	"cmd/validate": {
		"cmd/environment",
		"controller/config",
		"controller/definition",
		"controller/jobspec",
		"controller/plan",
		"controller/report",
		"go.yaml.in/yaml/v3",
		"k8s.io/api/...",
		"k8s.io/apimachinery/...",
		"sigs.k8s.io/yaml",
	},
	"cmd/version": {},

	"controller": {
		"controller/auth",
		"controller/backoff",
		"controller/config",
		"controller/definition",
		"controller/execution",
		"controller/history",
		"controller/intake",
		"controller/jobspec",
		"controller/kube",
		"controller/lease",
		"controller/metrics",
		"controller/podlogs",
		"controller/queue",
		"controller/record",
		"controller/route",
		"controller/run",
		"controller/slots",
		"controller/timing",
		"controller/tokens",
		"k8s.io/utils/...",
	},
	"controller/auth": {
		"controller/execution",
		"controller/jobspec",
		"controller/kube",
		"controller/lease",
		"controller/plan",
		"controller/route",
		"controller/timing",
		"k8s.io/api/...",
		"k8s.io/apimachinery/...",
		"k8s.io/utils/...",
	},
	"controller/backoff": {
		"k8s.io/apimachinery/...",
	},
	"controller/config": {
		"controller/config/document",
		"controller/execution",
		"controller/jobspec",
		"controller/plan",
		"k8s.io/apimachinery/...",
		"sigs.k8s.io/json",
	},
	"controller/config/document": {
		"controller/execution",
		"go.yaml.in/yaml/v3",
		"k8s.io/apimachinery/...",
		"sigs.k8s.io/yaml",
	},
	"controller/definition": {
		"controller/backoff",
		"controller/config",
		"controller/execution",
		"controller/jobspec",
		"controller/kube",
		"controller/lease",
		"controller/plan",
		"controller/record",
		"controller/timing",
		"k8s.io/api/...",
		"k8s.io/apimachinery/...",
		"k8s.io/client-go/...",
		"k8s.io/utils/...",
	},
	"controller/execution": {},
	"controller/history": {
		"controller/backoff",
		"controller/execution",
		"controller/intake",
		"controller/jobspec",
		"controller/kube",
		"controller/lease",
		"controller/plan",
		"controller/record",
		"controller/timing",
		"controller/tokens",
		"k8s.io/api/...",
		"k8s.io/apimachinery/...",
		"k8s.io/utils/...",
	},
	"controller/intake": {
		"controller/execution",
		"controller/kube",
		"controller/metrics",
		"controller/plan",
		"controller/record",
		"controller/route",
		"k8s.io/api/...",
		"k8s.io/apimachinery/...",
		"k8s.io/utils/...",
	},
	"controller/jobspec": {
		"controller/execution",
		"controller/route",
		"k8s.io/api/...",
		"k8s.io/apimachinery/...",
		"k8s.io/utils/...",
		"sigs.k8s.io/json",
		"sigs.k8s.io/yaml",
	},
	"controller/kube": {
		"controller/backoff",
		"controller/execution",
		"controller/jobspec",
		"controller/plan",
		"controller/route",
		"k8s.io/api/...",
		"k8s.io/apimachinery/...",
		"k8s.io/client-go/...",
		"k8s.io/utils/...",
	},
	"controller/lease": {
		"controller/execution",
		"controller/jobspec",
		"controller/kube",
		"controller/plan",
		"k8s.io/api/...",
		"k8s.io/apimachinery/...",
		"k8s.io/client-go/...",
		"k8s.io/utils/...",
	},
	"controller/metrics": {
		"controller/execution",
		"github.com/prometheus/...",
	},
	"controller/plan": {
		"controller/execution",
		"controller/jobspec",
		"github.com/robfig/cron/v3",
		"k8s.io/api/...",
		"k8s.io/apimachinery/...",
		"k8s.io/component-helpers/...",
		"k8s.io/klog/v2",
	},
	"controller/podlogs": {
		"controller/execution",
		"controller/jobspec",
		"controller/kube",
		"controller/plan",
		"controller/route",
		"k8s.io/api/...",
		"k8s.io/apimachinery/...",
	},
	"controller/queue": {
		"controller/auth",
		"controller/backoff",
		"controller/definition",
		"controller/execution",
		"controller/history",
		"controller/intake",
		"controller/jobspec",
		"controller/kube",
		"controller/lease",
		"controller/record",
		"controller/run",
		"controller/slots",
		"controller/timing",
		"k8s.io/api/...",
	},
	"controller/record": {
		"controller/execution",
		"controller/jobspec",
		"controller/kube",
		"controller/plan",
		"k8s.io/api/...",
		"k8s.io/apimachinery/...",
		"k8s.io/client-go/...",
	},
	"controller/report": {
		"controller/execution",
		"github.com/google/uuid",
		"golang.org/x/text/...",
	},
	"controller/report/memdisk": {},
	"controller/route": {
		"controller/execution",
	},
	"controller/run": {
		"controller/backoff",
		"controller/execution",
		"controller/jobspec",
		"controller/kube",
		"controller/lease",
		"controller/plan",
		"controller/record",
		"controller/timing",
		"controller/tokens",
		"k8s.io/api/...",
		"k8s.io/apimachinery/...",
		"k8s.io/client-go/...",
		"k8s.io/utils/...",
	},
	"controller/slots": {},
	"controller/servingcert": {
		"controller/config",
		"controller/jobspec",
		"controller/route",
		"controller/servingcert/certificate",
		"k8s.io/api/...",
		"k8s.io/apimachinery/...",
		"k8s.io/client-go/...",
		"k8s.io/utils/...",
	},
	"controller/servingcert/certificate": {},
	"controller/testkit": {
		"controller/execution",
		"k8s.io/api/...",
		"k8s.io/apimachinery/...",
		"k8s.io/client-go/...",
		"k8s.io/utils/...",
	},
	"controller/timing": {
		"controller/backoff",
		"k8s.io/utils/...",
	},
	"controller/tokens": {
		"controller/auth",
		"controller/execution",
		"controller/jobspec",
		"controller/kube",
		"controller/lease",
		"controller/record",
		"k8s.io/api/...",
		"k8s.io/apimachinery/...",
		"k8s.io/utils/...",
	},
	"controller/simulation": {},

	"kustomize": {},

	"manifests": {
		"k8s.io/apimachinery/...",
		"kustomize",
		"sigs.k8s.io/kustomize/...",
		"sigs.k8s.io/yaml",
	},
}

func TestImportsGoOneWay(t *testing.T) {
	for pkg, imports := range importsByPackage(t) {
		list, listed := allowed[pkg]
		if !listed {
			t.Errorf("package %s is not in the import graph: add it", pkg)
			continue
		}
		for imported, file := range imports {
			if !slices.ContainsFunc(list, func(entry string) bool { return covers(entry, imported) }) {
				t.Errorf("%s: %s must not import %s", file, pkg, imported)
			}
		}
	}
}

func TestEveryAllowanceIsNeeded(t *testing.T) {
	imports := importsByPackage(t)
	for pkg, list := range allowed {
		for _, entry := range list {
			needed := false
			for imported := range imports[pkg] {
				needed = needed || covers(entry, imported)
			}
			if !needed {
				t.Errorf("no file of package %s imports %s: remove it from the import graph", pkg, entry)
			}
		}
	}
}

func TestAllowancesAreSorted(t *testing.T) {
	for pkg, list := range allowed {
		if !slices.IsSorted(list) {
			t.Errorf("package %s: sort its imports in the import graph", pkg)
		}
	}
}

func TestEveryPackageSaysWhatItIsFor(t *testing.T) {
	for pkg := range allowed {
		if _, err := os.Stat(filepath.Join("..", filepath.FromSlash(pkg), "doc.go")); err != nil {
			t.Errorf("package %s: %v", pkg, err)
		}
	}
}

// TestEveryPackageListsItsFiles holds the lists of files in doc.go against the files. A
// package of one file needs no list.
func TestEveryPackageListsItsFiles(t *testing.T) {
	for pkg := range allowed {
		dir := filepath.Join("..", filepath.FromSlash(pkg))
		text, err := os.ReadFile(filepath.Join(dir, "doc.go"))
		if err != nil {
			t.Fatal(err)
		}
		var listed []string
		for _, line := range regexp.MustCompile(`(?m)^//\t.*$`).FindAllString(string(text), -1) {
			listed = append(listed, regexp.MustCompile(`[a-z0-9_]+\.go\b`).FindAllString(line, -1)...)
		}
		there, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		there = slices.DeleteFunc(there, func(name string) bool {
			return strings.HasSuffix(name, "_test.go") || filepath.Base(name) == "doc.go"
		})
		for _, name := range there {
			if len(there) > 1 && !slices.Contains(listed, filepath.Base(name)) {
				t.Errorf("%s/doc.go does not list %s", pkg, filepath.Base(name))
			}
		}
		for _, name := range listed {
			if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
				t.Errorf("%s/doc.go lists %s: %v", pkg, name, err)
			}
		}
	}
}

// importsByPackage returns what the files of each package import besides the
// standard library and tests, each with one file that does. The files are parsed
// here rather than by a child process, so that the test cache notices when one of
// them changes.
func importsByPackage(t *testing.T) map[string]map[string]string {
	t.Helper()
	packages := map[string]map[string]string{}
	if err := eachFile(func(name string) error { return addImports(packages, name) }); err != nil {
		t.Fatal(err)
	}
	return packages
}

// eachFile calls f with each file of the product, without its tests.
func eachFile(f func(name string) error) error {
	return fs.WalkDir(os.DirFS(".."), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			return skipDir(name)
		}
		if strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go") {
			return f(name)
		}
		return nil
	})
}

func skipDir(name string) error {
	if base := path.Base(name); name == "e2e" || name == "docs" || base == "testdata" || (strings.HasPrefix(base, ".") && name != ".") {
		return fs.SkipDir
	}
	return nil
}

func addImports(packages map[string]map[string]string, name string) error {
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join("..", filepath.FromSlash(name)), nil, parser.ImportsOnly)
	if err != nil {
		return err
	}
	pkg := path.Dir(name)
	if packages[pkg] == nil {
		packages[pkg] = map[string]string{}
	}
	for _, spec := range file.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return err
		}
		if first, _, _ := strings.Cut(imported, "/"); strings.Contains(first, ".") {
			packages[pkg][strings.TrimPrefix(imported, module)] = name
		}
	}
	return nil
}

// covers reports whether an entry of the graph is the import, or a subtree with it.
func covers(entry, imported string) bool {
	subtree, isSubtree := strings.CutSuffix(entry, "...")
	return imported == entry || (isSubtree && strings.HasPrefix(imported, subtree))
}
