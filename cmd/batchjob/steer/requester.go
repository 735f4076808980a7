package steer

import (
	"cmp"
	"context"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// reviewTimeout is how long the API server may take to say who the user is: without the
// answer, the kubeconfig tells.
const reviewTimeout = 5 * time.Second

// requester returns who asks: the user as the API server knows it, else the user's name in
// the kubeconfig, or nothing.
func (s *session) requester(ctx context.Context) string {
	ctx, cancel := context.WithTimeout(ctx, reviewTimeout)
	defer cancel()
	review, err := s.kube.AuthenticationV1().SelfSubjectReviews().
		Create(ctx, &authenticationv1.SelfSubjectReview{}, metav1.CreateOptions{})
	name := ""
	if err == nil {
		name = review.Status.UserInfo.Username
	}
	text := []rune(cmp.Or(name, s.kubeconfigUser()))
	return string(text[:min(len(text), maxRequester)])
}

// kubeconfigUser is the user that the flags or the kubeconfig name.
func (s *session) kubeconfigUser() string {
	if as := cmp.Or(*s.Flags.Impersonate, *s.Flags.AuthInfoName); as != "" {
		return as
	}
	config, err := s.Flags.ToRawKubeConfigLoader().RawConfig()
	if err != nil {
		return ""
	}
	if used := config.Contexts[cmp.Or(*s.Flags.Context, config.CurrentContext)]; used != nil {
		return used.AuthInfo
	}
	return ""
}
