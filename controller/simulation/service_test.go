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
	// addressKnown is how long after a change of the Service, in which nothing goes
	// wrong, a leader may create Jobs with the address of before: what it knows
	// is a few seconds old.
	addressKnown = 15 * time.Second
)

// serviceEvent is that somebody deletes the callback Service, and creates it again.
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

// serviceEvent gives the Service another address. Pods that call the one of before
// reach nothing.
func (w *world) serviceEvent(n int, e serviceEvent) {
	if w.api.get(services, name) == nil {
		return // it is gone already
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

// reaches reports whether a Job's pod reaches the controllers: by the address that
// the Service has, or by its name if there is one.
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

// checkAddress checks that the pods of a Job can report: if nothing went wrong since
// the Service was changed, they have its address.
func (o *oracle) checkAddress(job *batchv1.Job) {
	w := o.world
	if !w.scenario.callbackService || w.since() < w.scenario.calmFrom+addressKnown {
		return
	}
	if time.Since(w.readdressed) < addressKnown || w.api.get(services, name) == nil {
		return
	}
	if !w.reaches(job) {
		w.fail("the Job %s was created with the address %s, at which there is no Service any more", job.Name, hostOf(job))
	}
	if hostOf(job) != firstAddress {
		o.stats.Readdressed++
	}
}
