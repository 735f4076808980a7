package install

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/batch-job-controller/batch-job-controller/manifests"
)

func TestAllIsOffered(t *testing.T) {
	tests := map[string]struct {
		offers []option
		list   func() ([]string, error)
	}{
		"the overlays for people": {overlays(), func() ([]string, error) {
			names, err := manifests.Overlays()
			return slices.DeleteFunc(names, func(name string) bool { return name == "e2e" }), err
		}},
		"the components": {components(), manifests.Components},
	}
	help, _ := command(t, "", "install", "--help")
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			want, err := test.list()
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, o := range test.offers {
				got = append(got, o.name)
				if !strings.Contains(help, o.purpose) {
					t.Errorf("the help does not say what %s is for", o.name)
				}
			}
			slices.Sort(got)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestTheOverlayOfTestsIsNotOffered(t *testing.T) {
	_, text := command(t, "", "render", "--overlay", "prod")
	if strings.Contains(text, "e2e") {
		t.Error(text)
	}
}
