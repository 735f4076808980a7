package rig

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/batch-job-controller/batch-job-controller/manifests"
)

// accountName is the name of the service account, and of the objects that belong to it.
const accountName = "server"

// ServiceAccount creates a service account with exactly the permissions that the manifests,
// with components, grant to the server. It returns the path of its kubeconfig.
func (s *Site) ServiceAccount(components ...string) string {
	s.tb.Helper()
	ctx := s.tb.Context()
	accounts := s.Client.CoreV1().ServiceAccounts(s.Namespace)
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: accountName}}
	if _, err := accounts.Create(ctx, account, metav1.CreateOptions{}); err != nil {
		s.tb.Fatal(err)
	}
	s.grant(components)
	token, err := accounts.CreateToken(ctx, accountName, &authenticationv1.TokenRequest{}, metav1.CreateOptions{})
	if err != nil {
		s.tb.Fatal(err)
	}
	return s.writeKubeconfig(token.Status.Token)
}

// grant binds the roles of the manifests to the account.
func (s *Site) grant(components []string) {
	s.tb.Helper()
	ctx := s.tb.Context()
	rbac := s.Client.RbacV1()
	subjects := []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Name: accountName, Namespace: s.Namespace}}
	role, clusterRole := s.Roles(components...)
	role.ObjectMeta = metav1.ObjectMeta{Name: accountName}
	clusterRole.ObjectMeta = metav1.ObjectMeta{Name: s.Namespace} // it is not namespaced
	_, errRole := rbac.Roles(s.Namespace).Create(ctx, role, metav1.CreateOptions{})
	_, errBinding := rbac.RoleBindings(s.Namespace).Create(ctx, &rbacv1.RoleBinding{
		ObjectMeta: role.ObjectMeta,
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: role.Name},
		Subjects:   subjects,
	}, metav1.CreateOptions{})
	_, errClusterRole := rbac.ClusterRoles().Create(ctx, clusterRole, metav1.CreateOptions{})
	_, errClusterBinding := rbac.ClusterRoleBindings().Create(ctx, &rbacv1.ClusterRoleBinding{
		ObjectMeta: clusterRole.ObjectMeta,
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: clusterRole.Name},
		Subjects:   subjects,
	}, metav1.CreateOptions{})
	s.tb.Cleanup(func() {
		ctx := context.WithoutCancel(ctx)
		_ = rbac.ClusterRoleBindings().Delete(ctx, clusterRole.Name, metav1.DeleteOptions{})
		_ = rbac.ClusterRoles().Delete(ctx, clusterRole.Name, metav1.DeleteOptions{})
	})
	if err := errors.Join(errRole, errBinding, errClusterRole, errClusterBinding); err != nil {
		s.tb.Fatal(err)
	}
}

// Roles returns the two roles of the server in the manifests, with components. The others are
// for users, and bound to none.
func (s *Site) Roles(components ...string) (role *rbacv1.Role, clusterRole *rbacv1.ClusterRole) {
	s.tb.Helper()
	var bound string
	clusterRoles := map[string]*rbacv1.ClusterRole{}
	for _, object := range s.manifests(components) {
		switch o := object.(type) {
		case *rbacv1.Role:
			role = o
		case *rbacv1.ClusterRole:
			clusterRoles[o.Name] = o
		case *rbacv1.ClusterRoleBinding:
			bound = o.RoleRef.Name
		}
	}
	clusterRole = clusterRoles[bound]
	if role == nil || clusterRole == nil {
		s.tb.Fatal("the manifests lack a Role or a ClusterRole")
	}
	return role, clusterRole
}

func (s *Site) manifests(components []string) []runtime.Object {
	s.tb.Helper()
	rendered, err := manifests.Render(manifests.Options{Namespace: s.Namespace, Components: components})
	if err != nil {
		s.tb.Fatal(err)
	}
	var objects []runtime.Object
	for documents := yaml.NewDocumentDecoder(io.NopCloser(bytes.NewReader(rendered))); ; {
		document := make([]byte, len(rendered))
		n, err := documents.Read(document)
		if errors.Is(err, io.EOF) {
			return objects
		}
		if err != nil {
			s.tb.Fatal(err)
		}
		object, _, err := scheme.Codecs.UniversalDeserializer().Decode(document[:n], nil, nil)
		if runtime.IsNotRegisteredError(err) {
			continue // a custom resource definition
		}
		if err != nil {
			s.tb.Fatal(err)
		}
		objects = append(objects, object)
	}
}

// writeKubeconfig writes a kubeconfig with the token in a separate file, as in pods.
func (s *Site) writeKubeconfig(token string) string {
	s.tb.Helper()
	dir := s.tb.TempDir()
	tokenFile, path := filepath.Join(dir, "token"), filepath.Join(dir, "kubeconfig")
	if err := os.WriteFile(tokenFile, []byte(token), 0o600); err != nil {
		s.tb.Fatal(err)
	}
	err := clientcmd.WriteToFile(clientcmdapi.Config{
		Clusters: map[string]*clientcmdapi.Cluster{"cluster": {
			Server: s.REST.Host, CertificateAuthorityData: s.REST.CAData, CertificateAuthority: s.REST.CAFile,
		}},
		AuthInfos:      map[string]*clientcmdapi.AuthInfo{accountName: {TokenFile: tokenFile}},
		Contexts:       map[string]*clientcmdapi.Context{"context": {Cluster: "cluster", AuthInfo: accountName}},
		CurrentContext: "context",
	}, path)
	if err != nil {
		s.tb.Fatal(err)
	}
	return path
}
