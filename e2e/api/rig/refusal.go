package rig

import (
	"context"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"time"

	admissionv1 "k8s.io/api/admission/v1"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

// A Refusal selects the objects of a site that admission denies.
type Refusal struct {
	Group, Resource string
	// Component selects objects by their component; empty: all objects of the resource.
	Component string
}

// refusing returns the name of the policy or webhook, which is unique to the site.
func (s *Site) refusing() string { return "refuses-" + s.Namespace }

func (r Refusal) rule() admissionregistrationv1.RuleWithOperations {
	return admissionregistrationv1.RuleWithOperations{
		Operations: []admissionregistrationv1.OperationType{admissionregistrationv1.Create, admissionregistrationv1.Update},
		Rule:       admissionregistrationv1.Rule{APIGroups: []string{r.Group}, APIVersions: []string{"*"}, Resources: []string{r.Resource}},
	}
}

func (r Refusal) selector() *metav1.LabelSelector {
	if r.Component == "" {
		return nil
	}
	return &metav1.LabelSelector{MatchLabels: map[string]string{"app.kubernetes.io/component": r.Component}}
}

func (s *Site) here() *metav1.LabelSelector {
	return &metav1.LabelSelector{MatchLabels: map[string]string{corev1.LabelMetadataName: s.Namespace}}
}

// RefusedByPolicy denies objects of the site with a ValidatingAdmissionPolicy, until the returned
// function is called. The policy sets no status code: the API server uses its default.
func (s *Site) RefusedByPolicy(r Refusal, message string) (mend func()) {
	s.tb.Helper()
	ctx := s.tb.Context()
	policies := s.Client.AdmissionregistrationV1().ValidatingAdmissionPolicies()
	bindings := s.Client.AdmissionregistrationV1().ValidatingAdmissionPolicyBindings()
	_, err := policies.Create(ctx, &admissionregistrationv1.ValidatingAdmissionPolicy{
		ObjectMeta: metav1.ObjectMeta{Name: s.refusing()},
		Spec: admissionregistrationv1.ValidatingAdmissionPolicySpec{
			MatchConstraints: &admissionregistrationv1.MatchResources{
				NamespaceSelector: s.here(),
				ObjectSelector:    r.selector(),
				ResourceRules:     []admissionregistrationv1.NamedRuleWithOperations{{RuleWithOperations: r.rule()}},
			},
			Validations: []admissionregistrationv1.Validation{{Expression: "false", Message: message}},
		},
	}, metav1.CreateOptions{})
	if err == nil {
		_, err = bindings.Create(ctx, &admissionregistrationv1.ValidatingAdmissionPolicyBinding{
			ObjectMeta: metav1.ObjectMeta{Name: s.refusing()},
			Spec: admissionregistrationv1.ValidatingAdmissionPolicyBindingSpec{
				PolicyName:        s.refusing(),
				ValidationActions: []admissionregistrationv1.ValidationAction{admissionregistrationv1.Deny},
			},
		}, metav1.CreateOptions{})
	}
	if err != nil {
		s.tb.Fatal(err)
	}
	return s.onceAndAtTheEnd(func(ctx context.Context) error {
		if err := bindings.Delete(ctx, s.refusing(), metav1.DeleteOptions{}); err != nil {
			return err
		}
		return policies.Delete(ctx, s.refusing(), metav1.DeleteOptions{})
	})
}

// RefusedByWebhook denies objects of the site with a webhook that sets no status code, until the
// returned function is called.
func (s *Site) RefusedByWebhook(r Refusal, message string) (mend func()) {
	s.tb.Helper()
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		var review admissionv1.AdmissionReview
		if err := json.NewDecoder(request.Body).Decode(&review); err != nil || review.Request == nil {
			http.Error(w, "no review", http.StatusBadRequest)
			return
		}
		review.Response = &admissionv1.AdmissionResponse{UID: review.Request.UID, Result: &metav1.Status{Message: message}}
		review.Request = nil
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(review) // the API server may have ended
	}))
	s.tb.Cleanup(server.Close)
	webhooks := s.Client.AdmissionregistrationV1().ValidatingWebhookConfigurations()
	_, err := webhooks.Create(s.tb.Context(), &admissionregistrationv1.ValidatingWebhookConfiguration{
		ObjectMeta: metav1.ObjectMeta{Name: s.refusing()},
		Webhooks: []admissionregistrationv1.ValidatingWebhook{{
			Name: "refuses.example.com",
			ClientConfig: admissionregistrationv1.WebhookClientConfig{
				URL:      ptr.To(server.URL),
				CABundle: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}),
			},
			Rules:                   []admissionregistrationv1.RuleWithOperations{r.rule()},
			NamespaceSelector:       s.here(),
			ObjectSelector:          r.selector(),
			SideEffects:             ptr.To(admissionregistrationv1.SideEffectClassNone),
			AdmissionReviewVersions: []string{"v1"},
		}},
	}, metav1.CreateOptions{})
	if err != nil {
		s.tb.Fatal(err)
	}
	return s.onceAndAtTheEnd(func(ctx context.Context) error {
		return webhooks.Delete(ctx, s.refusing(), metav1.DeleteOptions{})
	})
}

// onceAndAtTheEnd returns a function that calls undo once. The end of the test calls it, too,
// because a policy is not deleted with the namespace.
func (s *Site) onceAndAtTheEnd(undo func(context.Context) error) func() {
	done := false
	do := func() {
		if done {
			return
		}
		done = true
		ctx, cancel := context.WithTimeout(context.WithoutCancel(s.tb.Context()), 30*time.Second)
		defer cancel()
		if err := undo(ctx); err != nil {
			s.tb.Errorf("undo %s: %v", s.refusing(), err)
		}
	}
	s.tb.Cleanup(do)
	return do
}
