package jobspec

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// Where job pods find the certificates they are to trust.
const (
	CAFile      = caDirectory + "/" + CAKey
	CAKey       = "ca.crt" // of the ConfigMap
	caDirectory = "/var/run/" + applicationID
	caVolume    = applicationID + "-ca"
)

// CABundleName returns the name of the ConfigMap with the certificates.
func CABundleName(controller string) string { return controller + "-ca" }

// caVariables are what curl, what builds on OpenSSL and on Go, and what Python
// scripts use read the name of the file from.
func caVariables() []string { return []string{"CURL_CA_BUNDLE", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"} }

// withScheme makes a callback URL one for TLS, if the port is served with it.
func withScheme(url string, s execution.Settings) string {
	if !s.CallbackTLS {
		return url
	}
	return "https" + strings.TrimPrefix(url, "http")
}

// trustCA gives every container the certificates to trust, so that scripts
// work as they are. What the template has to say about them holds. The
// directory is mounted rather than the file, which would never be renewed.
func trustCA(spec *corev1.PodSpec, s execution.Settings) {
	if !s.CallbackTLS || s.CABundle == "" {
		return
	}
	if !slices.ContainsFunc(spec.Volumes, func(v corev1.Volume) bool { return v.Name == caVolume }) {
		spec.Volumes = append(spec.Volumes, corev1.Volume{
			Name: caVolume,
			VolumeSource: corev1.VolumeSource{ConfigMap: &corev1.ConfigMapVolumeSource{
				LocalObjectReference: corev1.LocalObjectReference{Name: s.CABundle},
				Items:                []corev1.KeyToPath{{Key: CAKey, Path: CAKey}},
			}},
		})
	}
	for i := range spec.InitContainers {
		mountCA(&spec.InitContainers[i])
	}
	for i := range spec.Containers {
		mountCA(&spec.Containers[i])
	}
}

func mountCA(c *corev1.Container) {
	if !slices.ContainsFunc(c.VolumeMounts, func(m corev1.VolumeMount) bool { return m.MountPath == caDirectory }) {
		c.VolumeMounts = append(c.VolumeMounts, corev1.VolumeMount{Name: caVolume, MountPath: caDirectory, ReadOnly: true})
	}
	for _, name := range caVariables() {
		v := corev1.EnvVar{Name: name, Value: CAFile}
		if !named(c.Env)(v) {
			c.Env = append(c.Env, v)
		}
	}
}
