package manifests

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
)

// The kustomizations in docs/install.md.
const (
	installPage = "../docs/install.md"
	firstPage   = "../README.md"
	remote      = "https://github.com/batch-job-controller/batch-job-controller//"
)

var (
	yamlBlock  = regexp.MustCompile("(?s)```yaml\n(.*?)```")
	patchCell  = regexp.MustCompile("`(\\{target: .*\\})` \\|")
	remoteBase = regexp.MustCompile(`https://\S+?//(\S+?)\?ref=([^\s'\]]+)`)
)

func readInstallPage(t *testing.T) string { return readPage(t, installPage) }

func readPage(t *testing.T, page string) string {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// renderDocumented renders a kustomization as if this tree were the remote one.
func renderDocumented(t *testing.T, kustomization string) []runtime.Object {
	t.Helper()
	files, err := quickFiles()
	if err != nil {
		t.Fatal(err)
	}
	dir := OverlaysDir + "/own"
	for name, text := range map[string]string{
		"kustomization.yaml": remoteBase.ReplaceAllString(kustomization, "../../../$1"),
		"config.yaml":        "name: own\n",
		"pod-template.yaml":  "kind: Pod\n",
	} {
		write(t, files, dir+"/"+name, text)
	}
	rendered, err := renderDir(files, dir)
	if err != nil {
		t.Fatalf("%v in\n%s", err, kustomization)
	}
	return decode(t, rendered)
}

func write(t *testing.T, files filesys.FileSystem, name, text string) {
	t.Helper()
	if err := files.WriteFile(name, []byte(text)); err != nil {
		t.Fatal(err)
	}
}

func TestDocumentedKustomizationsRender(t *testing.T) {
	kustomizations := 0
	for _, block := range yamlBlock.FindAllStringSubmatch(readInstallPage(t), -1) {
		if !strings.Contains(block[1], "kind: Kustomization\n") {
			continue
		}
		kustomizations++
		objects := renderDocumented(t, block[1])
		if strings.Contains(block[1], "namespace: disk-check\n") {
			wantNamespace(t, objects, "disk-check")
		}
	}
	if kustomizations < 4 {
		t.Errorf("%s has %d kustomizations, want at least 4", installPage, kustomizations)
	}
}

func wantNamespace(t *testing.T, objects []runtime.Object, want string) {
	t.Helper()
	for _, object := range objects {
		a := accessor(t, object)
		if got := a.GetNamespace(); got != "" && got != want {
			t.Errorf("%s is in namespace %s", identity(t, object), got)
		}
		if strings.Contains(a.GetName(), "batch-job-controller-") && a.GetNamespace() == "" && !strings.HasSuffix(a.GetName(), ":"+want) {
			t.Errorf("%s is named after another namespace", identity(t, object))
		}
	}
}

func TestDocumentedPatchesChangeSomething(t *testing.T) {
	const onProduction = "resources: [" + remote + "kustomize/overlays/production?ref=v0.1.0]\n"
	plain := renderDocumented(t, onProduction)
	patches := patchCell.FindAllStringSubmatch(readInstallPage(t), -1)
	if len(patches) < 4 {
		t.Errorf("%s has %d patches, want at least 4", installPage, len(patches))
	}
	for _, patch := range patches {
		patched := renderDocumented(t, onProduction+"patches: ["+patch[1]+"]\n")
		if cmp.Equal(plain, patched) {
			t.Errorf("it changes nothing: %s", patch[1])
		}
	}
}

func TestDocumentedPolicyIsForTheController(t *testing.T) {
	controller := controllerPod(t, render(t, "production"))
	policies := 0
	for _, block := range yamlBlock.FindAllStringSubmatch(readInstallPage(t), -1) {
		if !strings.Contains(block[1], "kind: NetworkPolicy\n") {
			continue
		}
		policies++
		policy := only[*networkingv1.NetworkPolicy](t, decode(t, []byte(block[1])))
		if !matches(t, &policy.Spec.PodSelector, controller.Labels) {
			t.Errorf("policy %s is not for the controller's pod", policy.Name)
		}
	}
	if policies != 1 {
		t.Errorf("%s has %d policies, want 1", installPage, policies)
	}
}

// The check of the first page runs in a namespace that install creates.
func TestFirstCheckRunsWhereTheOverlaysAre(t *testing.T) {
	blocks := yamlBlock.FindAllStringSubmatch(readPage(t, firstPage), -1)
	if len(blocks) != 1 {
		t.Fatalf("%s shows %d files, want 1", firstPage, len(blocks))
	}
	var check v1alpha1.NodeCronJob
	if err := yaml.UnmarshalStrict([]byte(blocks[0][1]), &check); err != nil {
		t.Fatal(err)
	}
	if check.Spec.Template == nil {
		t.Fatal("it has no template")
	}
	wantRestricted(t, metav1.ObjectMeta{}, check.Spec.Template.Spec)
}

// All versions in the pages are equal to that of the image.
func TestDocumentedVersionIsTheImages(t *testing.T) {
	_, want, _ := strings.Cut(controllerContainer(t, render(t, "production")).Image, ":")
	var got []string
	for _, ref := range remoteBase.FindAllStringSubmatch(readInstallPage(t)+readPage(t, firstPage), -1) {
		got = append(got, ref[2])
	}
	slices.Sort(got)
	if got := slices.Compact(got); len(got) != 1 || got[0] != want {
		t.Errorf("%s and %s refer to the versions %v, and the image is %s", installPage, firstPage, got, want)
	}
}

// The page has a line with the purpose of each overlay and component.
func TestEveryOverlayAndComponentIsDocumented(t *testing.T) {
	page := readInstallPage(t)
	check := func(t *testing.T, name string) {
		if name != "e2e" && !strings.Contains(page, "| `"+name+"` |") {
			t.Errorf("%s has no line for %s", installPage, name)
		}
	}
	forEachOverlay(t, check)
	forEachComponent(t, check)
}
