package jobspec

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
)

func TestCallbacksGoPastTheProxy(t *testing.T) {
	const host = "10.96.0.7"
	secret := &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{Key: "proxy"}}
	set := func(pairs ...string) (env []corev1.EnvVar) {
		for i := 0; i < len(pairs); i += 2 {
			env = append(env, corev1.EnvVar{Name: pairs[i], Value: pairs[i+1]})
		}
		return env
	}
	proxy := set("HTTP_PROXY", "http://proxy:3128")
	with := func(env ...corev1.EnvVar) []corev1.EnvVar { return append(proxy[:1:1], env...) }
	from := []corev1.EnvFromSource{{ConfigMapRef: &corev1.ConfigMapEnvSource{}}}
	tests := map[string]struct {
		env     []corev1.EnvVar
		envFrom []corev1.EnvFromSource
		want    []corev1.EnvVar
	}{
		"no proxy":                            {env: set("NAME", "x"), want: set("NAME", "x")},
		"no proxy, but exceptions from one":   {env: set("NO_PROXY", ".svc"), want: set("NO_PROXY", ".svc")},
		"a proxy":                             {env: proxy, want: with(set("NO_PROXY", host, "no_proxy", host)...)},
		"a proxy in small letters":            {env: set("https_proxy", "x"), want: set("https_proxy", "x", "NO_PROXY", host, "no_proxy", host)},
		"a proxy for everything":              {env: set("all_proxy", "x"), want: set("all_proxy", "x", "NO_PROXY", host, "no_proxy", host)},
		"the usual exceptions":                {env: with(set("NO_PROXY", ".svc,.cluster.local")...), want: with(set("NO_PROXY", ".svc,.cluster.local,"+host, "no_proxy", "$(NO_PROXY)")...)},
		"in small letters":                    {env: with(set("no_proxy", ".svc")...), want: with(set("no_proxy", ".svc,"+host, "NO_PROXY", "$(no_proxy)")...)},
		"in both":                             {env: with(set("no_proxy", "a", "NO_PROXY", "b")...), want: with(set("no_proxy", "a,"+host, "NO_PROXY", "b,"+host)...)},
		"an exception twice: the last counts": {env: with(set("NO_PROXY", "a", "no_proxy", "b", "NO_PROXY", "c")...), want: with(set("NO_PROXY", "a,"+host, "no_proxy", "b,"+host, "NO_PROXY", "c,"+host)...)},
		"the host is in them":                 {env: with(set("NO_PROXY", "a, "+host, "no_proxy", host+",b")...), want: with(set("NO_PROXY", "a, "+host, "no_proxy", host+",b")...)},
		"an address that only begins so":      {env: with(set("NO_PROXY", host+"0", "no_proxy", "")...), want: with(set("NO_PROXY", host+"0,"+host, "no_proxy", host)...)},
		"all hosts are exceptions":            {env: with(set("NO_PROXY", "*", "no_proxy", "*")...), want: with(set("NO_PROXY", "*", "no_proxy", "*")...)},
		"a proxy that is in a Secret":         {env: []corev1.EnvVar{{Name: "HTTP_PROXY", ValueFrom: secret}}, want: append([]corev1.EnvVar{{Name: "HTTP_PROXY", ValueFrom: secret}}, set("NO_PROXY", host, "no_proxy", host)...)},
		"exceptions that are in a Secret": {
			env:  with(corev1.EnvVar{Name: "NO_PROXY", ValueFrom: secret}),
			want: with(append([]corev1.EnvVar{{Name: "BATCH_JOB_NO_PROXY", ValueFrom: secret}}, set("NO_PROXY", "$(BATCH_JOB_NO_PROXY),"+host, "no_proxy", "$(NO_PROXY)")...)...),
		},
		"exceptions that may be in envFrom":          {env: proxy, envFrom: from, want: proxy},
		"exceptions that are not those of envFrom":   {env: with(set("NO_PROXY", "a", "no_proxy", "a")...), envFrom: from, want: with(set("NO_PROXY", "a,"+host, "no_proxy", "a,"+host)...)},
		"a proxy that may be in envFrom, or is none": {env: set("NAME", "x"), envFrom: from, want: set("NAME", "x")},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			spec := &corev1.PodSpec{
				InitContainers: []corev1.Container{{Env: tt.env, EnvFrom: tt.envFrom}},
				Containers:     []corev1.Container{{Env: set("NAME", "x")}, {Env: tt.env, EnvFrom: tt.envFrom}},
			}
			bypassProxies(spec, host)
			for _, c := range []corev1.Container{spec.InitContainers[0], spec.Containers[1]} {
				if diff := cmp.Diff(tt.want, c.Env); diff != "" {
					t.Errorf("environment (-want +got):\n%s", diff)
				}
			}
			if diff := cmp.Diff(set("NAME", "x"), spec.Containers[0].Env); diff != "" {
				t.Errorf("another container (-want +got):\n%s", diff)
			}
		})
	}
}

// The template's proxy leads to the callback host of the Job.
func TestARenderedJobReportsPastItsProxy(t *testing.T) {
	p := planWith("apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - name: main\n    image: check:1\n    env: [{name: http_proxy, value: \"http://proxy\"}]\n")
	job, err := renderFor(p, nodeOf("node-1"), options())
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range job.Spec.Template.Spec.Containers[0].Env {
		if v.Name == "NO_PROXY" && v.Value == "10.96.0.7" {
			return
		}
	}
	t.Errorf("environment: %v", job.Spec.Template.Spec.Containers[0].Env)
}
