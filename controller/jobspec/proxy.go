package jobspec

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// ownNoProxy has the value of the template's NO_PROXY if it is a reference.
const ownNoProxy = "BATCH_JOB_"

// isProxyVariable reports whether a variable makes curl and other programs use a proxy.
// Some programs read the lower-case name, some the upper-case one.
func isProxyVariable(name string) bool {
	return slices.Contains([]string{"http_proxy", "https_proxy", "all_proxy"}, strings.ToLower(name))
}

// bypassProxies makes callbacks of all containers bypass their proxies, which cannot
// reach the address of a Service. No usual NO_PROXY contains it.
func bypassProxies(spec *corev1.PodSpec, host string) {
	for _, c := range containersOf(spec) {
		bypassProxy(c, host)
	}
}

// bypassProxy keeps the existing values. It does not change a container whose proxy or
// NO_PROXY may come from envFrom or from its image.
func bypassProxy(c *corev1.Container, host string) {
	has := func(is func(name string) bool) bool {
		return slices.ContainsFunc(c.Env, func(v corev1.EnvVar) bool { return is(v.Name) })
	}
	small, large := has(func(name string) bool { return name == "no_proxy" }), has(func(name string) bool { return name == "NO_PROXY" })
	if !has(isProxyVariable) || (!small && !large && len(c.EnvFrom) > 0) {
		return
	}
	env := make([]corev1.EnvVar, 0, len(c.Env)+3)
	for _, v := range c.Env {
		if v.Name != "no_proxy" && v.Name != "NO_PROXY" {
			env = append(env, v)
			continue
		}
		if v.ValueFrom != nil {
			own := ownNoProxy + v.Name
			env = append(env, corev1.EnvVar{Name: own, ValueFrom: v.ValueFrom})
			v = corev1.EnvVar{Name: v.Name, Value: "$(" + own + ")"}
		}
		env = append(env, corev1.EnvVar{Name: v.Name, Value: withHost(v.Value, host)})
	}
	// Programs that read both names use one of them: both need all hosts.
	switch {
	case !small && !large:
		env = append(env, corev1.EnvVar{Name: "NO_PROXY", Value: host}, corev1.EnvVar{Name: "no_proxy", Value: host})
	case !small:
		env = append(env, corev1.EnvVar{Name: "no_proxy", Value: "$(NO_PROXY)"})
	case !large:
		env = append(env, corev1.EnvVar{Name: "NO_PROXY", Value: "$(no_proxy)"})
	}
	c.Env = env
}

// withHost adds a host to a list, unless the list contains it or all hosts.
func withHost(list, host string) string {
	hosts := strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' })
	if len(hosts) == 0 {
		return host
	}
	if slices.Contains(hosts, host) || slices.Contains(hosts, "*") {
		return list
	}
	return list + "," + host
}
