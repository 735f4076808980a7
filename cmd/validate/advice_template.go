package validate

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/podtext"
)

// adviseTemplate warns of common mistakes that the API server accepts.
func (c *checking) adviseTemplate() {
	text, spec, err := sampleOf(c.Config)
	if err != nil {
		return // the preview of the Job has reported it
	}
	c.narrowed = narrowing(spec)
	at := c.templatePath() + ".spec"
	if len(c.Config.Metrics.Gauges) == 0 && strings.Contains(text, jobspec.EnvResultURL) {
		c.warn(c.key("metrics.gauges"), "none, but the pod template reads %s: results with gauges that are not configured are rejected", jobspec.EnvResultURL)
	}
	if limit := spec.ActiveDeadlineSeconds; limit != nil && float64(*limit) > c.Config.JobTimeout.Seconds() {
		c.warn(at+".activeDeadlineSeconds", "%d exceeds jobTimeout %s, which applies", *limit, c.Config.JobTimeout)
	}
	if own := spec.ServiceAccountName; own != "" && c.Config.JobServiceAccount != "" && own != c.Config.JobServiceAccount {
		c.warn(at+".serviceAccountName", "%s is not used: jobServiceAccount is %s", own, c.Config.JobServiceAccount)
	}
	for i, container := range spec.InitContainers {
		c.adviseContainer(fmt.Sprintf("%s.initContainers[%d]", at, i), container)
	}
	for i, container := range spec.Containers {
		c.adviseContainer(fmt.Sprintf("%s.containers[%d]", at, i), container)
	}
	if isBestEffort(spec) {
		c.warn(at+".containers[0].resources", "no container has resource requests: the node reserves nothing for the pod, and it is among the first to be evicted when memory runs out")
	}
}

// sampleOf returns the pod template for the sample node, as a text too.
func sampleOf(cfg config.Config) (text string, spec corev1.PodSpec, err error) {
	if cfg.Template != nil {
		structured, err := json.Marshal(cfg.Template)
		return string(structured), cfg.Template.Spec, err
	}
	text, _, err = podtext.Trace(cfg.PodTemplate)
	if err != nil {
		return "", spec, err
	}
	var pod corev1.Pod
	err = yaml.Unmarshal([]byte(text), &pod)
	return text, pod.Spec, err
}

// isBestEffort reports whether a pod has the QoS class BestEffort.
func isBestEffort(spec corev1.PodSpec) bool {
	return spec.Resources == nil && !slices.ContainsFunc(slices.Concat(spec.InitContainers, spec.Containers), func(c corev1.Container) bool {
		return len(c.Resources.Requests) > 0 || len(c.Resources.Limits) > 0
	})
}

func (c *checking) adviseContainer(path string, container corev1.Container) {
	if tagChanges(container.Image) {
		c.warn(path+".image", "%s may differ between nodes and executions: use a tag with a version", container.Image)
	}
	for _, name := range c.unknownVariables(container) {
		c.warn(path, "%s", name)
	}
}

// tagChanges reports whether an image has no tag, or the tag latest.
func tagChanges(image string) bool {
	if strings.Contains(image, "@") {
		return false
	}
	_, tag, tagged := strings.Cut(image[strings.LastIndex(image, "/")+1:], ":")
	return !tagged || tag == "latest"
}

var (
	callbackVariable = regexp.MustCompile(`\bCALLBACK_[A-Z0-9_]+\b`)
	// How scripts and the kubelet read a variable.
	variableRead = regexp.MustCompile(`\$[({]?(CALLBACK_[A-Z0-9_]+)([:}=?+-])?`)
	// What Kubernetes sets for a Service whose name starts with callback-.
	serviceLink = regexp.MustCompile(`_SERVICE_HOST$|_SERVICE_PORT_|_PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?$`)
)

// unknownVariables returns warnings about variables with the controller's prefix that
// a container reads and that are never set.
func (c *checking) unknownVariables(container corev1.Container) []string {
	if len(container.EnvFrom) > 0 { // may set any variable
		return nil
	}
	var text strings.Builder
	for _, part := range slices.Concat(container.Command, container.Args) {
		text.WriteString(part + "\n")
	}
	set := map[string]bool{}
	for _, v := range container.Env {
		set[v.Name] = true
		text.WriteString(v.Value + "\n")
	}
	for _, v := range c.Job.Spec.Template.Spec.Containers[0].Env {
		set[v.Name] = true
	}
	var all []string
	for _, name := range readOnly(text.String()) {
		if !set[name] && !serviceLink.MatchString(name) {
			all = append(all, c.whyUnset(name))
		}
	}
	return all
}

// readOnly returns the variables that a text only reads: it neither sets nor declares
// them, and has no default for them.
func readOnly(text string) []string {
	reads := map[string]int{}
	for _, m := range variableRead.FindAllStringSubmatch(text, -1) {
		if m[2] == "" || m[2] == "}" {
			reads[m[1]]++
		}
	}
	for _, name := range callbackVariable.FindAllString(text, -1) {
		reads[name]--
	}
	maps.DeleteFunc(reads, func(_ string, n int) bool { return n != 0 })
	return slices.Sorted(maps.Keys(reads))
}

func (c *checking) whyUnset(name string) string {
	switch name {
	case jobspec.EnvToken, jobspec.EnvTokenFile:
		return fmt.Sprintf("%s is not set: callback.auth is %s", name, c.Config.Callback.Auth)
	default:
		return fmt.Sprintf("%s is never set: the URLs are in %s, %s and %s", name, jobspec.EnvResultURL, jobspec.EnvFileURL, jobspec.EnvEventURL)
	}
}
