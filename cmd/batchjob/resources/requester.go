package resources

import (
	"cmp"
	"context"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/cli-runtime/pkg/genericclioptions"
)

// reviewTimeout is how long the API server may take to say who the user is: without the
// answer, the kubeconfig tells.
const reviewTimeout = 5 * time.Second

// maxRequester is the bound of the custom resource definition.
const maxRequester = 256

// Requester returns who asks: the user as the API server knows it, else the user's name in
// the kubeconfig of the flags, or nothing.
func (c *Client) Requester(ctx context.Context, flags *genericclioptions.ConfigFlags) string {
	ctx, cancel := context.WithTimeout(ctx, reviewTimeout)
	defer cancel()
	review, err := c.Kube.AuthenticationV1().SelfSubjectReviews().
		Create(ctx, &authenticationv1.SelfSubjectReview{}, metav1.CreateOptions{})
	name := ""
	if err == nil {
		name = review.Status.UserInfo.Username
	}
	text := []rune(cmp.Or(name, kubeconfigUser(flags)))
	return string(text[:min(len(text), maxRequester)])
}

// kubeconfigUser is the user that the flags or the kubeconfig name.
func kubeconfigUser(flags *genericclioptions.ConfigFlags) string {
	if as := cmp.Or(*flags.Impersonate, *flags.AuthInfoName); as != "" {
		return as
	}
	config, err := flags.ToRawKubeConfigLoader().RawConfig()
	if err != nil {
		return ""
	}
	if used := config.Contexts[cmp.Or(*flags.Context, config.CurrentContext)]; used != nil {
		return used.AuthInfo
	}
	return ""
}
