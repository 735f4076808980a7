package jobspec

import (
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// Where job pods find the CA bundle.
const (
	CAFile      = caDirectory + "/" + CAKey
	CAKey       = "ca.crt" // of the ConfigMap
	caDirectory = "/var/run/" + applicationID
	caVolume    = applicationID + "-ca"
)

// caVariables are the variables from which curl, OpenSSL, Go programs and Python
// libraries read the name of the file.
func caVariables() []string { return []string{"CURL_CA_BUNDLE", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"} }

// trustCA gives every container the CA bundle, so that scripts need no change. Settings
// of the template take precedence. It mounts the directory, because the kubelet does not
// update a mounted file.
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
	for _, c := range containersOf(spec) {
		mountCA(c)
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
