package forward

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/cluster"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/progress"
)

// The names of the controller's container ports, and their default numbers.
const (
	reportsPort, reportsNumber = "reports", 8080
	metricsPort, metricsNumber = "metrics", 9153
)

// firstUnprivilegedPort is the first port that any user may listen on.
const firstUnprivilegedPort = 1024

// port is a port of the controller for kubectl port-forward.
type port struct {
	to            string // such as service/batch-job-controller
	local, remote int32
}

func (f port) ports() string {
	if f.local != f.remote {
		return fmt.Sprintf("%d:%d", f.local, f.remote)
	}
	return fmt.Sprint(f.remote)
}

// commands returns the kubectl commands that forward to some ports.
func commands(namespace string, to ...port) string {
	ports := map[string]string{}
	for _, f := range to {
		ports[f.to] += " " + f.ports()
	}
	var all []string
	for _, target := range slices.Sorted(maps.Keys(ports)) {
		all = append(all, "kubectl -n "+namespace+" port-forward "+target+ports[target])
	}
	return strings.Join(all, " & ")
}

// portOf finds a port of a controller: by a Service that has it, else by the
// Deployment.
func portOf(d *appsv1.Deployment, services []corev1.Service, name string, number int32) port {
	numbers := map[string]int32{}
	for _, c := range d.Spec.Template.Spec.Containers {
		for _, p := range c.Ports {
			numbers[p.Name] = p.ContainerPort
		}
	}
	if own := numbers[name]; own != 0 {
		number = own
	}
	for i := range services {
		s := &services[i]
		if len(s.Spec.Selector) == 0 || !labels.SelectorFromSet(s.Spec.Selector).Matches(labels.Set(d.Spec.Template.Labels)) {
			continue
		}
		for _, p := range s.Spec.Ports {
			target := p.TargetPort.IntVal
			switch {
			case p.TargetPort.StrVal != "":
				target = numbers[p.TargetPort.StrVal]
			case target == 0:
				target = p.Port
			}
			if target == number {
				return newPort("service/"+s.Name, p.Port, number)
			}
		}
	}
	return newPort("deployment/"+d.Name, number, number)
}

func newPort(to string, remote, container int32) port {
	if remote < firstUnprivilegedPort {
		return port{to, container, remote}
	}
	return port{to, remote, remote}
}

// Services returns the Services of the controller's namespace, or none if the user
// may not list them: then the hints use the Deployment.
func Services(ctx context.Context, i *cluster.Installation) []corev1.Service {
	list, err := i.CoreV1().Services(i.Deployment.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil
	}
	return list.Items
}

// Results says where the results of an execution are: its report and gauges.
func Results(i *cluster.Installation, services []corev1.Service, e progress.Execution) string {
	scheme := "http"
	if i.Config.Reports.TLS.On() {
		scheme = "https"
	}
	ns := i.Deployment.Namespace
	reports := portOf(i.Deployment, services, reportsPort, reportsNumber)
	metrics := portOf(i.Deployment, services, metricsPort, metricsNumber)
	text := fmt.Sprintf("While this runs: %s\n", commands(ns, reports, metrics)) +
		fmt.Sprintf("Reports:         %s://127.0.0.1:%d/%s/\n", scheme, reports.local, e.ID) +
		fmt.Sprintf("Metrics:         curl -s http://127.0.0.1:%d/metrics | grep ^%s_\n", metrics.local, i.MetricsPrefix(e.NodeCronJob))
	// A Service selects any of the replicas.
	if replicas := i.Deployment.Spec.Replicas; replicas != nil && *replicas > 1 {
		text += fmt.Sprintf("                 of %d replicas only the leader exports them; forward to its pod, which the Lease names: kubectl -n %s get leases\n", *replicas, ns)
	}
	return text
}
