package app

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/report"
)

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestTransportsWrapEachOther(t *testing.T) {
	const kubeconfig = `{"current-context": "c", "contexts": [{"name": "c", "context": {"cluster": "c"}}], "clusters": [{"name": "c", "cluster": {"server": "http://127.0.0.1:1"}}]}`
	file := filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(file, []byte(kubeconfig), 0o600); err != nil {
		t.Fatal(err)
	}
	var seen []string
	see := func(name string) Extension {
		return WithTransport(func(next http.RoundTripper) http.RoundTripper {
			return roundTripper(func(r *http.Request) (*http.Response, error) {
				seen = append(seen, name+" "+r.URL.Path)
				return next.RoundTrip(r)
			})
		})
	}
	refused := errors.New("no connection in this test")
	stop := WithTransport(func(http.RoundTripper) http.RoundTripper {
		return roundTripper(func(*http.Request) (*http.Response, error) { return nil, refused })
	})
	access, err := accessWith(file, collect([]Extension{stop, see("inner"), see("outer")}))
	if err != nil {
		t.Fatal(err)
	}
	client, err := kube.NewClient(access)
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.CoreV1().Nodes().Get(t.Context(), "one", metav1.GetOptions{})
	if want := []string{"outer /api/v1/nodes/one", "inner /api/v1/nodes/one"}; !slices.Equal(seen, want) || !errors.Is(err, refused) {
		t.Errorf("seen: %v, %v; want %v, and the error of the innermost", seen, err, want)
	}
}

// noDisk is one on which nothing can be created.
type noDisk struct {
	report.Disk
	err error
}

func (d noDisk) Create(string) (report.File, error) { return nil, d.err }

func TestTheDiskIsWrapped(t *testing.T) {
	full := errors.New("nothing can be created in this test")
	wrap := WithDisk(func(d report.Disk) report.Disk { return noDisk{Disk: d, err: full} })
	if _, err := openStore(t.TempDir(), report.Options{}, collect([]Extension{wrap})); !errors.Is(err, full) {
		t.Errorf("open the store: %v, want the error of the disk", err)
	}
	if _, err := openStore(t.TempDir(), report.Options{}, collect(nil)); err != nil {
		t.Errorf("without the extension: %v", err)
	}
}
