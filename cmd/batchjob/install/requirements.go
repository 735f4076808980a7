package install

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/objects"
	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// checkRequirements returns what the configuration needs and the objects lack. The
// controller would find out only after it has replaced its predecessor.
func (r *rendered) checkRequirements() error {
	return errors.Join(r.checkComponents(), r.checkService())
}

func (r *rendered) checkComponents() error {
	selfSigned := r.hasArgument("--ca-secret=")
	reviews := r.grants("tokenreviews", "")
	callbacks, reports := r.config.Callback, r.config.Reports
	var errs []error
	for _, need := range []struct {
		key       string
		lacks     bool
		component string
	}{
		{"callback.tls: selfSigned", callbacks.TLS.Mode == config.TLSSelfSigned && !selfSigned, "tls"},
		{"reports.tls: selfSigned", reports.TLS.Mode == config.TLSSelfSigned && !selfSigned, "tls"},
		{"callback.tlsSecret: " + callbacks.TLS.Secret, r.lacksSecret(callbacks.TLS), "tls"},
		{"reports.tlsSecret: " + reports.TLS.Secret, r.lacksSecret(reports.TLS), "tls"},
		{"callback.auth: serviceAccountToken", callbacks.Auth == execution.ServiceAccountTokenAuth && !reviews, "report-auth"},
		{"reports.auth: serviceAccountToken", reports.Auth == config.ReportsServiceAccountToken && !reviews, "report-auth"},
	} {
		if need.lacks {
			errs = append(errs, fmt.Errorf("%s: needs permissions that overlay %s does not grant: add --component %s", need.key, r.overlay, need.component))
		}
	}
	return errors.Join(errs...)
}

// checkService checks the Service that job pods report to, unless they report to
// the controller's pod.
func (r *rendered) checkService() error {
	if r.env.PodIP != "" {
		return nil
	}
	var names []string
	for _, o := range r.objects {
		if o.GetKind() != "Service" {
			continue
		}
		if o.GetName() == r.config.CallbackServiceName {
			return r.checkPort(o)
		}
		names = append(names, o.GetName())
	}
	return fmt.Errorf("callbackServiceName: %q: overlay %s has no such Service: must be one of %s", r.config.CallbackServiceName, r.overlay, strings.Join(names, ", "))
}

func (r *rendered) checkPort(o *unstructured.Unstructured) error {
	var service corev1.Service
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(o.Object, &service); err != nil {
		return fmt.Errorf("%s: %w", objects.ReferenceTo(o), err)
	}
	var ports []string
	for _, port := range service.Spec.Ports {
		if int(port.Port) == r.config.CallbackServicePort {
			return nil
		}
		ports = append(ports, fmt.Sprintf("%d (%s)", port.Port, port.Name))
	}
	return fmt.Errorf("callbackServicePort: %d: Service %s has no such port: must be one of %s", r.config.CallbackServicePort, service.Name, strings.Join(ports, ", "))
}

// lacksSecret reports whether the controller may not read the configured TLS
// Secret. The component grants access to one name only.
func (r *rendered) lacksSecret(t config.TLS) bool {
	return t.Mode == config.TLSSecret && !r.grants("secrets", t.Secret)
}

func (r *rendered) hasArgument(prefix string) bool {
	for _, c := range r.deployment.Spec.Template.Spec.Containers {
		if slices.ContainsFunc(c.Args, func(arg string) bool { return strings.HasPrefix(arg, prefix) }) {
			return true
		}
	}
	return false
}

// grants reports whether a role of the installation names a resource, and the
// object, if name is not empty.
func (r *rendered) grants(resource, name string) bool {
	for _, o := range r.objects {
		for _, rule := range rules(o) {
			if slices.Contains(rule.Resources, resource) && (name == "" || slices.Contains(rule.ResourceNames, name)) {
				return true
			}
		}
	}
	return false
}

func rules(o *unstructured.Unstructured) []rbacv1.PolicyRule {
	if kind := o.GetKind(); kind != "Role" && kind != "ClusterRole" {
		return nil
	}
	var role rbacv1.ClusterRole // a Role has the same field rules
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(o.Object, &role); err != nil {
		return nil // the API server will reject it
	}
	return role.Rules
}
