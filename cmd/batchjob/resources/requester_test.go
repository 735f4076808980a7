package resources

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	authenticationv1 "k8s.io/api/authentication/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	clienttesting "k8s.io/client-go/testing"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

func TestRequester(t *testing.T) {
	config := clientcmdapi.NewConfig()
	config.Clusters["cluster"] = &clientcmdapi.Cluster{Server: "http://127.0.0.1:1"}
	config.AuthInfos["jane"] = &clientcmdapi.AuthInfo{}
	config.AuthInfos["bob"] = &clientcmdapi.AuthInfo{}
	config.Contexts["context"] = &clientcmdapi.Context{Cluster: "cluster", AuthInfo: "jane"}
	config.Contexts["another"] = &clientcmdapi.Context{Cluster: "cluster", AuthInfo: "bob"}
	config.CurrentContext = "context"
	file := filepath.Join(t.TempDir(), "kubeconfig")
	if err := clientcmd.WriteToFile(*config, file); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		answer                     string // of the API server; empty: it does not say
		impersonate, user, context string // flags
		want                       string
	}{
		"the API server says":      {answer: "jane@example.com", user: "bob", want: "jane@example.com"},
		"the kubeconfig says":      {want: "jane"},
		"another of its contexts":  {context: "another", want: "bob"},
		"another of its users":     {user: "bob", want: "bob"},
		"on behalf of another":     {impersonate: "carol", user: "bob", want: "carol"},
		"a context it has not":     {context: "none", want: ""},
		"a name beyond the bound":  {impersonate: strings.Repeat("ä", 300), want: strings.Repeat("ä", 256)},
		"an answer beyond as well": {answer: strings.Repeat("ä", 300), want: strings.Repeat("ä", 256)},
	}
	t.Setenv("KUBECONFIG", file)
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c, _, kube := newClient(t, "checks")
			kube.PrependReactor("create", "selfsubjectreviews", func(clienttesting.Action) (bool, runtime.Object, error) {
				if test.answer == "" {
					return true, nil, errors.New("not found")
				}
				return true, &authenticationv1.SelfSubjectReview{Status: authenticationv1.SelfSubjectReviewStatus{UserInfo: authenticationv1.UserInfo{Username: test.answer}}}, nil
			})
			flags := genericclioptions.NewConfigFlags(true)
			*flags.Impersonate, *flags.AuthInfoName, *flags.Context = test.impersonate, test.user, test.context
			if got := c.Requester(t.Context(), flags); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}
