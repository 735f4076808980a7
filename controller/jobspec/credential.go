package jobspec

import (
	"math"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// Where a pod finds its service account token.
const (
	credentialVolume    = "batch-job-controller-token"               //nolint:gosec // the name of a volume
	credentialDirectory = "/var/run/secrets/batch-job-controller.io" //nolint:gosec // a path, not a secret
	credentialFile      = "token"
)

// shortestToken is the shortest lifetime of a service account token that the API server
// accepts, in seconds. The kubelet renews it.
const shortestToken = 600

// Audience returns the audience of the service account tokens of job pods.
func Audience(namespace, controller string) string { return "bjc." + namespace + "." + controller }

// credentialEnv returns the variables with the pod's credential or its file. The kubelet
// reads a token from a Secret: no other object contains it.
func credentialEnv(key execution.Key, index int, plan execution.Plan) []corev1.EnvVar {
	switch plan.Settings.CallbackAuth {
	case execution.TokenAuth:
		return []corev1.EnvVar{{Name: EnvToken, ValueFrom: &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{
			LocalObjectReference: corev1.LocalObjectReference{
				Name: TokenSecretName(plan.NodeCronJob, key.Execution, plan.Settings.TokenSecret(index)),
			},
			Key: key.Node,
		}}}}
	case execution.ServiceAccountTokenAuth:
		return []corev1.EnvVar{{Name: EnvTokenFile, Value: credentialDirectory + "/" + credentialFile}}
	default:
		return nil
	}
}

// setCredential mounts the service account token into every container.
func setCredential(spec *corev1.PodSpec, s execution.Settings, o Options) {
	if s.CallbackAuth != execution.ServiceAccountTokenAuth {
		return
	}
	spec.Volumes = append(spec.Volumes, corev1.Volume{
		Name: credentialVolume,
		VolumeSource: corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{
			Sources: []corev1.VolumeProjection{{ServiceAccountToken: &corev1.ServiceAccountTokenProjection{
				Audience:          Audience(o.Namespace, o.Controller),
				ExpirationSeconds: ptr.To(max(shortestToken, int64(math.Ceil(s.JobTimeout.Seconds())))),
				Path:              credentialFile,
			}}},
		}},
	})
	mount := corev1.VolumeMount{Name: credentialVolume, MountPath: credentialDirectory, ReadOnly: true}
	for _, c := range containersOf(spec) {
		c.VolumeMounts = append(c.VolumeMounts, mount)
	}
}
