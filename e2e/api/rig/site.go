package rig

import (
	"context"
	"errors"
	"maps"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/e2e/api/rig/audit"
	"github.com/batch-job-controller/batch-job-controller/e2e/api/rig/faults"
	"github.com/batch-job-controller/batch-job-controller/e2e/api/rig/follow"
	"github.com/batch-job-controller/batch-job-controller/e2e/api/rig/testbed"
)

// Site is a namespace with the configuration of a controller. Each site has its own nodes.
type Site struct {
	*testbed.Cluster
	Namespace string
	Config    Config
	Audit     *audit.Audit
	ReportDir string

	tb    testing.TB
	ports ports
}

// NewSite creates a namespace, which is deleted at the end of the test.
func NewSite(tb testing.TB, c *testbed.Cluster, config Config) *Site {
	tb.Helper()
	namespace, err := c.Client.CoreV1().Namespaces().Create(tb.Context(),
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "site-"}}, metav1.CreateOptions{})
	if err != nil {
		tb.Fatal(err)
	}
	s := &Site{
		Cluster:   c,
		Namespace: namespace.Name,
		Config:    config,
		ReportDir: tb.TempDir(),
		tb:        tb,
		ports:     freePorts(tb),
	}
	tb.Cleanup(func() { s.delete(context.WithoutCancel(tb.Context())) })
	s.Audit = audit.New(tb, c.Client, c.Resources, s.Namespace, config.Quiet)
	if _, err := c.Client.CoreV1().ConfigMaps(s.Namespace).Create(tb.Context(),
		&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: configMapName}, Data: s.ConfigData()}, metav1.CreateOptions{}); err != nil {
		tb.Fatal(err)
	}
	return s
}

// Configure changes keys of the configuration in the ConfigMap.
func (s *Site) Configure(keys map[string]any) {
	s.tb.Helper()
	all := map[string]any{}
	maps.Copy(all, s.Config.Keys)
	maps.Copy(all, keys)
	s.Config.Keys = all
	s.writeConfigMap(s.ConfigData())
}

// Undefine removes the definition from the ConfigMap, and leaves the settings of the controller.
func (s *Site) Undefine() {
	s.tb.Helper()
	keys := map[string]any{}
	maps.Copy(keys, s.Config.Keys)
	keys["cronExpression"] = nil
	s.Config.Keys = keys
	data := s.ConfigData()
	delete(data, config.PodTemplateKey)
	s.writeConfigMap(data)
}

func (s *Site) writeConfigMap(data map[string]string) {
	s.tb.Helper()
	if _, err := s.Client.CoreV1().ConfigMaps(s.Namespace).Update(s.tb.Context(),
		&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: configMapName}, Data: data}, metav1.UpdateOptions{}); err != nil {
		s.tb.Fatal(err)
	}
}

// NewProxy starts a proxy in front of the API server.
func (s *Site) NewProxy() *faults.Proxy {
	s.tb.Helper()
	return faults.NewProxy(s.tb, s.REST, s.ports.network+"250")
}

// delete does not wait, because the deletion of a namespace takes long.
func (s *Site) delete(ctx context.Context) {
	if err := s.deleteNodes(ctx); err != nil {
		s.tb.Errorf("delete the nodes of %s: %v", s.Namespace, err)
	}
	if err := s.Client.CoreV1().Namespaces().Delete(ctx, s.Namespace, metav1.DeleteOptions{}); err != nil && !apierrors.IsNotFound(err) {
		s.tb.Errorf("delete namespace %s: %v", s.Namespace, err)
	}
}

// deleteNodes repeats the request if there are more nodes than the API server can delete before
// the timeout of one request, or if the connection breaks meanwhile.
func (s *Site) deleteNodes(ctx context.Context) (err error) {
	background := metav1.DeletePropagationBackground
	for range 20 {
		err = s.Client.CoreV1().Nodes().DeleteCollection(ctx, metav1.DeleteOptions{PropagationPolicy: &background},
			metav1.ListOptions{LabelSelector: siteLabel + "=" + s.Namespace})
		var response apierrors.APIStatus
		if err == nil || (errors.As(err, &response) && !apierrors.IsTimeout(err) && !apierrors.IsServerTimeout(err)) {
			return err
		}
	}
	return err
}

// WaitGone deletes the namespace and the nodes, and waits until they are deleted. The audit keeps
// its state.
func (s *Site) WaitGone(timeout time.Duration) {
	s.tb.Helper()
	ctx, cancel := context.WithTimeout(s.tb.Context(), timeout)
	defer cancel()
	gone := make(chan error, 1)
	list, err := s.Client.CoreV1().Namespaces().List(ctx, metav1.ListOptions{})
	if err != nil {
		s.tb.Fatal(err)
	}
	go func() {
		gone <- follow.Changes(ctx, list.ResourceVersion, s.Client.CoreV1().Namespaces().Watch, "metadata.name="+s.Namespace,
			func(kind watch.EventType, _ *corev1.Namespace, _ time.Time) bool { return kind != watch.Deleted })
	}()
	s.delete(ctx)
	err = <-gone
	s.Audit.Stop()
	if err != nil {
		s.tb.Fatalf("namespace %s is not known to be gone within %s: %v", s.Namespace, timeout, err)
	}
}
