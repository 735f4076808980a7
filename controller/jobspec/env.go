package jobspec

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/route"
)

// The environment variables of every container and init container.
const (
	EnvToken        = "CALLBACK_TOKEN"      // with callback.auth: token
	EnvTokenFile    = "CALLBACK_TOKEN_FILE" // with callback.auth: serviceAccountToken
	EnvNamespace    = "NAMESPACE"
	EnvNodeName     = "NODE_NAME"
	EnvExecutionID  = "EXECUTION_ID"
	EnvCallbackName = "CALLBACK_SERVICE_NAME"
	EnvCallbackPort = "CALLBACK_SERVICE_PORT"
	EnvResultURL    = "CALLBACK_SERVICE_RESULT_URL"
	EnvFileURL      = "CALLBACK_SERVICE_FILE_URL"
	EnvEventURL     = "CALLBACK_SERVICE_EVENT_URL"
)

func taskEnv(key execution.Key, index int, plan execution.Plan, o Options) []corev1.EnvVar {
	s, prefix := plan.Settings, ""
	if s.CallbackAuth == execution.TokenAuth {
		prefix = route.TokenPath("$(" + EnvToken + ")")
	}
	url := func(kind route.Kind) string {
		return withScheme(route.URL(s.CallbackName, s.CallbackPort, prefix, kind, key), s)
	}
	return append(credentialEnv(key, index, plan), []corev1.EnvVar{
		{Name: EnvNamespace, Value: o.Namespace},
		{Name: EnvNodeName, Value: key.Node},
		{Name: EnvExecutionID, Value: string(key.Execution)},
		{Name: EnvCallbackName, Value: s.CallbackName},
		{Name: EnvCallbackPort, Value: strconv.Itoa(s.CallbackPort)},
		{Name: EnvResultURL, Value: url(route.Result)},
		{Name: EnvFileURL, Value: url(route.File)},
		{Name: EnvEventURL, Value: url(route.Event)},
	}...)
}

// withScheme changes a callback URL to https if the port uses TLS.
func withScheme(url string, s execution.Settings) string {
	if !s.CallbackTLS {
		return url
	}
	return "https" + strings.TrimPrefix(url, "http")
}

// setEnv sets the environment. It returns a panic of an extension as an error, which
// fails only that node.
func setEnv(spec *corev1.PodSpec, ours []corev1.EnvVar, key execution.Key, o Options) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("an extension panicked: %v", p)
		}
	}()
	for _, c := range containersOf(spec) {
		var extended []corev1.EnvVar
		for _, extension := range o.Extensions {
			extended = append(extended, extension(key, *c.DeepCopy())...)
		}
		c.Env = mergeEnv(ours, c.Env, extended)
	}
	return nil
}

// mergeEnv puts the controller's variables first, so that those of the template can
// refer to them, and omits duplicates: the controller's variables override those of
// extensions, which override the template's.
func mergeEnv(ours, template, extended []corev1.EnvVar) []corev1.EnvVar {
	all := slices.Clone(ours)
	extended = slices.DeleteFunc(slices.Clone(extended), named(ours))
	template = slices.DeleteFunc(slices.Clone(template), named(slices.Concat(ours, extended)))
	return append(append(all, template...), extended...)
}

func named(in []corev1.EnvVar) func(corev1.EnvVar) bool {
	return func(v corev1.EnvVar) bool {
		return slices.ContainsFunc(in, func(other corev1.EnvVar) bool { return other.Name == v.Name })
	}
}
