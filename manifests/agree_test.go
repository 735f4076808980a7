package manifests

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
)

func TestSelectorsMatchTheControllerOnly(t *testing.T) {
	forEachInstallation(t, func(t *testing.T, objects []runtime.Object) {
		service := only[*corev1.Service](t, objects)
		selectors := map[string]map[string]string{
			"Deployment": only[*appsv1.Deployment](t, objects).Spec.Selector.MatchLabels,
			"Service":    service.Spec.Selector,
		}
		for of, want := range selectors {
			selector := labels.SelectorFromSet(want)
			if !selector.Matches(labels.Set(controllerPod(t, objects).Labels)) {
				t.Errorf("the selector of the %s, %v, does not match the controller's pod", of, selector)
			}
			if selector.Matches(labels.Set(jobspec.CommonLabels("any", jobspec.JobComponent))) {
				t.Errorf("the selector of the %s, %v, matches job pods", of, selector)
			}
		}
	})
}

func TestPortsAgree(t *testing.T) {
	// The server's defaults, without flags.
	want := map[string]int32{"reports": 8080, "callbacks": 8090, "health": 9152, "metrics": 9153}
	forEachInstallation(t, func(t *testing.T, objects []runtime.Object) {
		container := controllerContainer(t, objects)
		got := map[string]int32{}
		for _, port := range container.Ports {
			got[port.Name] = port.ContainerPort
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("ports of the container (-want +got):\n%s", diff)
		}

		served := map[string]int32{}
		for _, port := range only[*corev1.Service](t, objects).Spec.Ports {
			if port.TargetPort.String() != port.Name {
				t.Errorf("port %s of the Service leads to %s", port.Name, &port.TargetPort)
			}
			served[port.Name] = port.Port
		}
		published := maps.Clone(want)
		delete(published, "health") // only the kubelet connects to it
		if diff := cmp.Diff(published, served); diff != "" {
			t.Errorf("ports of the Service (-want +got):\n%s", diff)
		}

		for path, probe := range map[string]*corev1.Probe{"/healthz": container.LivenessProbe, "/readyz": container.ReadinessProbe} {
			if probe == nil || probe.HTTPGet == nil || probe.HTTPGet.Path != path || probe.HTTPGet.Port.String() != "health" {
				t.Errorf("no probe asks %s of port health: %v", path, probe)
			}
		}
	})
}

func TestNamesAgree(t *testing.T) {
	forEachInstallation(t, func(t *testing.T, objects []runtime.Object) {
		pod := controllerPod(t, objects)
		container := controllerContainer(t, objects)

		named[*corev1.ConfigMap](t, objects, envValue(container, "CONFIG_MAP_NAME"))
		account := named[*corev1.ServiceAccount](t, objects, pod.Spec.ServiceAccountName)
		if got := pod.Annotations["kubectl.kubernetes.io/default-container"]; got != container.Name {
			t.Errorf("the default container is %q, want %q", got, container.Name)
		}

		role := only[*rbacv1.RoleBinding](t, objects)
		named[*rbacv1.Role](t, objects, role.RoleRef.Name)
		clusterRole := only[*rbacv1.ClusterRoleBinding](t, objects)
		named[*rbacv1.ClusterRole](t, objects, clusterRole.RoleRef.Name)
		want := []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Name: account.Name, Namespace: account.Namespace}}
		for kind, got := range map[string][]rbacv1.Subject{"RoleBinding": role.Subjects, "ClusterRoleBinding": clusterRole.Subjects} {
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("subjects of the %s (-want +got):\n%s", kind, diff)
			}
		}
	})
}

func TestEnvironment(t *testing.T) {
	forEachInstallation(t, func(t *testing.T, objects []runtime.Object) {
		for _, v := range controllerContainer(t, objects).Env {
			switch v.Name {
			case "POD_IP":
				t.Error("POD_IP is set: callbacks would not outlive the pod")
			case "NAMESPACE":
				if v.ValueFrom == nil || v.ValueFrom.FieldRef == nil || v.ValueFrom.FieldRef.FieldPath != "metadata.namespace" {
					t.Error("NAMESPACE is not the pod's own")
				}
			}
		}
	})
}

func TestReplicasFindEachOther(t *testing.T) {
	forEachInstallation(t, func(t *testing.T, objects []runtime.Object) {
		container := controllerContainer(t, objects)
		if !slices.Contains(container.Args, "--advertise-address=$(REPLICA_IP)") {
			t.Errorf("no replica gets its own address as a flag: %v", container.Args)
		}
		i := slices.IndexFunc(container.Env, func(v corev1.EnvVar) bool { return v.Name == "REPLICA_IP" })
		if i < 0 || container.Env[i].ValueFrom == nil || container.Env[i].ValueFrom.FieldRef == nil ||
			container.Env[i].ValueFrom.FieldRef.FieldPath != "status.podIP" {
			t.Error("REPLICA_IP is not the pod's own address")
		}
	})
}

// The Go runtime's soft limit only helps below the memory limit.
func TestMemoryLimits(t *testing.T) {
	forEachInstallation(t, func(t *testing.T, objects []runtime.Object) {
		container := controllerContainer(t, objects)
		soft, err := resource.ParseQuantity(strings.TrimSuffix(envValue(container, "GOMEMLIMIT"), "B"))
		if err != nil {
			t.Fatalf("GOMEMLIMIT: %v", err)
		}
		if hard := container.Resources.Limits.Memory(); soft.Cmp(*hard) >= 0 {
			t.Errorf("GOMEMLIMIT %s is not below the limit %s", &soft, hard)
		}
	})
}

func TestOnlyTheControllerHasAToken(t *testing.T) {
	forEachInstallation(t, func(t *testing.T, objects []runtime.Object) {
		for _, account := range all[*corev1.ServiceAccount](objects) {
			if mounts := account.AutomountServiceAccountToken; mounts == nil || *mounts {
				t.Errorf("ServiceAccount %s gives its token to every pod", account.Name)
			}
		}
		if mounts := controllerPod(t, objects).Spec.AutomountServiceAccountToken; mounts == nil || !*mounts {
			t.Error("the controller has no token")
		}
	})
}

func TestReportDirectoryIsAVolume(t *testing.T) {
	forEachInstallation(t, func(t *testing.T, objects []runtime.Object) {
		directory := decodeConfig(t, objects).ReportDirectory
		if !slices.ContainsFunc(controllerContainer(t, objects).VolumeMounts, func(m corev1.VolumeMount) bool { return m.MountPath == directory }) {
			t.Errorf("nothing is mounted at %s, and the rest is read-only", directory)
		}
	})
}

var pinned = regexp.MustCompile(`(:[\w][\w.-]*|@sha256:[0-9a-f]{64})$`)

func TestImagesArePinned(t *testing.T) {
	forEachInstallation(t, func(t *testing.T, objects []runtime.Object) {
		for _, image := range []string{
			controllerContainer(t, objects).Image,
			jobPod(t, objects, execution.TokenAuth).Containers[0].Image,
		} {
			if !pinned.MatchString(image) || strings.HasSuffix(image, ":latest") {
				t.Errorf("image %s has no tag that stays", image)
			}
		}
	})
}
