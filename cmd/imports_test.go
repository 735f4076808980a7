package cmd_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/batch-job-controller/batch-job-controller/"

// allowed is the import graph: what each package may import besides the
// standard library; k8s.io/api/... is all below k8s.io/api. Imports go one way, from cmd to the vocabulary. A package
// that is not listed fails.
var allowed = map[string][]string{
	"controller/execution":      {},
	"controller/route":          {"controller/execution"},
	"controller/jobspec":        {"controller/execution", "controller/route", "k8s.io/api/...", "k8s.io/apimachinery/...", "k8s.io/utils/...", "sigs.k8s.io/json", "sigs.k8s.io/yaml"},
	"controller/plan":           {"controller/execution", "controller/jobspec", "k8s.io/api/...", "k8s.io/apimachinery/...", "k8s.io/component-helpers/...", "k8s.io/klog/v2", "github.com/robfig/cron/v3"},
	"controller/config":         {"controller/execution", "controller/plan", "controller/jobspec", "k8s.io/apimachinery/...", "sigs.k8s.io/json", "sigs.k8s.io/yaml", "go.yaml.in/yaml/v3"},
	"controller/metrics":        {"controller/execution", "github.com/prometheus/..."},
	"controller/report":         {"controller/execution", "github.com/google/uuid", "golang.org/x/text/..."},
	"controller/report/memdisk": {},
	"controller/simulation":     {},
	"controller/auth":           {"controller/execution", "controller/jobspec", "controller/route", "k8s.io/api/...", "k8s.io/apimachinery/...", "k8s.io/utils/..."},
	"controller/kube": {"controller/execution", "controller/jobspec", "controller/plan",
		"k8s.io/api/...", "k8s.io/apimachinery/...", "k8s.io/client-go/...", "k8s.io/utils/..."},
	"controller/lease": {"controller/execution", "controller/jobspec", "controller/kube", "controller/plan",
		"k8s.io/api/...", "k8s.io/apimachinery/...", "k8s.io/client-go/...", "k8s.io/utils/..."},
	"controller/servingcert": {"controller/config", "controller/jobspec", "controller/route", "controller/servingcert/certificate",
		"k8s.io/api/...", "k8s.io/apimachinery/...", "k8s.io/client-go/...", "k8s.io/utils/..."},
	"controller/servingcert/certificate": {},
	"controller": {"controller/auth", "controller/config", "controller/execution", "controller/jobspec", "controller/kube", "controller/lease", "controller/metrics", "controller/plan", "controller/route",
		"k8s.io/api/...", "k8s.io/apimachinery/...", "k8s.io/client-go/...", "k8s.io/utils/..."},
	"callback/httpserver":            {},
	"callback/httpserver/servertest": {"controller/servingcert/certificate"},
	"callback": {"callback/httpserver", "controller/execution", "controller/route",
		"github.com/gin-gonic/gin", "sigs.k8s.io/json"},
	"callback/web":    {"controller/execution"},
	"cmd/environment": {"controller/config", "k8s.io/api/..."},
	"cmd/validate": {"cmd/environment", "controller", "controller/config", "controller/jobspec", "controller/plan", "controller/report",
		"k8s.io/api/...", "k8s.io/apimachinery/...", "go.yaml.in/yaml/v3", "sigs.k8s.io/yaml"},
	"cmd/app": {"callback", "callback/httpserver", "callback/web", "cmd/validate", "cmd/version", "controller", "controller/auth", "controller/config", "controller/execution", "controller/jobspec", "controller/kube", "controller/lease", "controller/metrics", "controller/plan", "controller/report", "controller/servingcert",
		"k8s.io/...", "github.com/prometheus/..."},
	"cmd/version":              {},
	"cmd/batch-job-controller": {"cmd/app"},
	"cmd/batchjob/objects":     {"k8s.io/apimachinery/...", "k8s.io/client-go/...", "sigs.k8s.io/yaml", "github.com/pmezard/go-difflib/..."},
	"cmd/batchjob/progress":    {"controller", "controller/execution", "controller/jobspec", "k8s.io/api/...", "k8s.io/apimachinery/..."},
	"cmd/batchjob": {"cmd/batchjob/objects", "cmd/batchjob/progress", "cmd/environment", "cmd/validate", "cmd/version", "controller/config", "controller/execution", "controller/jobspec", "controller/plan", "manifests",
		"k8s.io/...", "github.com/spf13/cobra"},
	"cmd/kubectl-batchjob": {"cmd/batchjob", "k8s.io/cli-runtime/...", "k8s.io/client-go/...", "k8s.io/klog/v2"},
	"kustomize":            {},
	"manifests":            {"kustomize", "k8s.io/apimachinery/...", "sigs.k8s.io/kustomize/...", "sigs.k8s.io/yaml"},
}

// The files are parsed here rather than by a child process, so that the test
// cache notices when one of them changes.
func TestImportsGoOneWay(t *testing.T) {
	err := fs.WalkDir(os.DirFS(".."), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			return skipDir(name)
		}
		if strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go") {
			checkImports(t, name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestEveryPackageSaysWhatItIsFor(t *testing.T) {
	for pkg := range allowed {
		if _, err := os.Stat(filepath.Join("..", filepath.FromSlash(pkg), "doc.go")); err != nil {
			t.Errorf("package %s: %v", pkg, err)
		}
	}
}

func skipDir(name string) error {
	if base := path.Base(name); name == "e2e" || name == "docs" || base == "testdata" || (strings.HasPrefix(base, ".") && name != ".") {
		return fs.SkipDir
	}
	return nil
}

func checkImports(t *testing.T, name string) {
	t.Helper()
	pkg := path.Dir(name)
	list, listed := allowed[pkg]
	if !listed {
		t.Errorf("%s: package %s is not in the import graph: add it", name, pkg)
		return
	}
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join("..", filepath.FromSlash(name)), nil, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	for _, spec := range file.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		if !mayImport(list, imported) {
			t.Errorf("%s: %s must not import %s", name, pkg, imported)
		}
	}
}

func mayImport(list []string, imported string) bool {
	first, _, _ := strings.Cut(imported, "/")
	if !strings.Contains(first, ".") {
		return true // standard library
	}
	imported = strings.TrimPrefix(imported, module)
	return slices.ContainsFunc(list, func(entry string) bool {
		subtree, isSubtree := strings.CutSuffix(entry, "...")
		return imported == entry || (isSubtree && strings.HasPrefix(imported, subtree))
	})
}
