package simulation

import (
	"fmt"
	"math/rand/v2"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
)

const (
	firstAddress = "10.96.0.7"
	serviceHost  = name + "." + namespace + ".svc"
	// addressKnown is how long a leader may create Jobs with the old address after a
	// change of the Service, if there are no faults: it caches the address for seconds.
	addressKnown = 15 * time.Second
)

// serviceEvent is the deletion of the callback Service, and its creation later.
type serviceEvent struct {
	at, back time.Duration
}

// drawServices draws from a source of its own, as drawReloads does.
func (s *scenario) drawServices(r *rand.Rand) {
	if !s.callbackService {
		return
	}
	for range r.IntN(3) {
		s.services = append(s.services, serviceEvent{
			at:   s.ticks[r.IntN(len(s.ticks))] + seconds(r, -5, 60),
			back: seconds(r, 0, 20),
		})
	}
}

// serviceEvent recreates the Service with another address. Pods cannot connect to the old
// one.
func (w *world) serviceEvent(n int, e serviceEvent) {
	if w.api.get(services, name) == nil {
		return // it is already deleted
	}
	w.note("user", "delete", "services/"+name, "")
	w.api.remove(services, name)
	w.readdressed = time.Now()
	w.after(e.back, func() {
		w.note("user", "create", "services/"+name, "")
		w.must(w.api.create(services, newService(fmt.Sprintf("10.96.1.%d", n+1))))
		w.readdressed = time.Now()
	})
}

func newService(address string) *corev1.Service {
	return &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: namespace},
		Spec:       corev1.ServiceSpec{ClusterIP: address},
	}
}

// reaches reports whether a Job's pod can connect to the controller: by the Service's
// current address, or by its name while the Service exists.
func (w *world) reaches(job *batchv1.Job) bool {
	if !w.scenario.callbackService {
		return true
	}
	service, ok := w.api.get(services, name).(*corev1.Service)
	host := hostOf(job)
	return ok && (host == service.Spec.ClusterIP || host == serviceHost)
}

func hostOf(job *batchv1.Job) string {
	for _, v := range job.Spec.Template.Spec.Containers[0].Env {
		if v.Name == jobspec.EnvCallbackName {
			return v.Value
		}
	}
	return ""
}

// checkAddress checks that a Job has the current address of the Service if there was no
// fault since the Service changed.
func (o *oracle) checkAddress(job *batchv1.Job) {
	w := o.world
	if !w.scenario.callbackService || w.since() < w.scenario.calmFrom+addressKnown {
		return
	}
	if time.Since(w.readdressed) < addressKnown || w.api.get(services, name) == nil {
		return
	}
	if !w.reaches(job) {
		w.fail("the Job %s was created with the address %s, which the Service no longer has", job.Name, hostOf(job))
	}
	if hostOf(job) != firstAddress {
		o.stats.Readdressed++
	}
}
