package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/utils/clock"

	"github.com/batch-job-controller/batch-job-controller/cmd/app/flags"
	"github.com/batch-job-controller/batch-job-controller/cmd/version"
	"github.com/batch-job-controller/batch-job-controller/controller/auth"
	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/definition"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/metrics"
	"github.com/batch-job-controller/batch-job-controller/controller/mirror"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
)

const (
	// One write per node task and one per admission: these limits bound a faulty
	// controller, and are far above what a correct one needs.
	clientQPS, clientBurst = 300, 600
	startTimeout           = 30 * time.Second
)

// accessWith returns the configuration of clients of the API server.
func accessWith(kubeconfig string, ext extensions) (*rest.Config, error) {
	access, err := clusterAccess(kubeconfig)
	if err != nil {
		return nil, err
	}
	access.QPS, access.Burst = clientQPS, clientBurst
	access.UserAgent = "batch-job-controller/" + version.Own()
	access.ContentType = runtime.ContentTypeProtobuf
	access.AcceptContentTypes = runtime.ContentTypeProtobuf + "," + runtime.ContentTypeJSON
	for _, wrap := range ext.transports {
		access.Wrap(wrap)
	}
	return access, nil
}

func clusterAccess(kubeconfig string) (*rest.Config, error) {
	if kubeconfig == "" {
		access, err := rest.InClusterConfig()
		if err != nil {
			return nil, fmt.Errorf("no access to a cluster: --kubeconfig is not set, and this is not a pod with a service account: %w", err)
		}
		return access, nil
	}
	access, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return nil, fmt.Errorf("--kubeconfig %s: %w", kubeconfig, err)
	}
	return access, nil
}

// loadConfig reads and validates the ConfigMap.
func loadConfig(ctx context.Context, client kube.Client, env config.Env, log *slog.Logger) (config.Config, error) {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	object, err := client.CoreV1().ConfigMaps(env.Namespace).Get(ctx, env.ConfigMapName, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return config.Config{}, &misuseError{fmt.Errorf("ConfigMap %s of namespace %s, which CONFIG_MAP_NAME and NAMESPACE name, does not exist", env.ConfigMapName, env.Namespace)}
	}
	if err != nil {
		return config.Config{}, fmt.Errorf("read ConfigMap %s: %w", env.ConfigMapName, err)
	}
	cfg, warnings, err := config.Decode(object.Data, env, time.Now())
	logWarnings(log, warnings)
	if err != nil {
		return cfg, &misuseError{fmt.Errorf("ConfigMap %s: %w", env.ConfigMapName, err)}
	}
	return cfg, checkService(ctx, client, env, cfg)
}

func logWarnings(log *slog.Logger, warnings []string) {
	for _, w := range warnings {
		log.Warn("configuration", "warning", w)
	}
}

// checkService checks that the callback Service exists and has the port.
func checkService(ctx context.Context, client kube.Client, env config.Env, cfg config.Config) error {
	if env.PodIP != "" {
		return nil
	}
	service, err := client.CoreV1().Services(env.Namespace).Get(ctx, cfg.CallbackServiceName, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return &misuseError{fmt.Errorf("callbackServiceName: %q: namespace %s has no such Service, and POD_IP is not set", cfg.CallbackServiceName, env.Namespace)}
	}
	if err != nil {
		return fmt.Errorf("read Service %s: %w", cfg.CallbackServiceName, err)
	}
	for _, port := range service.Spec.Ports {
		if int(port.Port) == cfg.CallbackServicePort {
			return nil
		}
	}
	return &misuseError{fmt.Errorf("callbackServicePort: %d: Service %s has only %v", cfg.CallbackServicePort, service.Name, ports(service))}
}

// checkDefinition validates the definition in the ConfigMap, if it has one: its Jobs, the gauges of
// their results, and its NodeCronJob.
func checkDefinition(ctx context.Context, client kube.Client, env config.Env, cfg config.Config, ext extensions, log *slog.Logger) error {
	if !cfg.HasDefinition {
		return nil
	}
	if err := metrics.CheckGauges(resultOptions(cfg)); err != nil {
		return &misuseError{fmt.Errorf("metrics: %w", err)}
	}
	if err := checkTemplate(ctx, client, env, config.PodTemplateKey, cfg, ext, log); err != nil {
		return err
	}
	return checkMirror(ctx, client, env, cfg, log)
}

// checkMirror validates the NodeCronJob that the definition in the ConfigMap becomes, by a dry run
// on the API server.
func checkMirror(ctx context.Context, client kube.Client, env config.Env, cfg config.Config, log *slog.Logger) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	err := mirror.DryRun(ctx, client, env.Namespace, mirror.WantedOf(cfg, env.ConfigMapName))
	switch {
	case err == nil:
	case plan.ClassifyError(err) == plan.Invalid:
		return &misuseError{fmt.Errorf("the API server rejects the NodeCronJob of the definition: %w", err)}
	default: // by the leader's own events, people learn of it if it is still so then
		log.Warn("the API server could not validate the NodeCronJob of the definition", "error", err)
	}
	return nil
}

// checkTemplate validates a Job by a dry run on the API server: an error is better
// reported now than at the first tick. key names the template in the error.
func checkTemplate(ctx context.Context, client kube.Client, env config.Env, key string, cfg config.Config, ext extensions, log *slog.Logger) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	job, err := definition.SampleJob(cfg, env.Namespace, podEnvs(cfg, ext.podEnvs))
	if err != nil {
		return &misuseError{err}
	}
	_, err = client.BatchV1().Jobs(env.Namespace).Create(ctx, job, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
	switch {
	case err == nil:
	case plan.ClassifyError(err) == plan.Invalid:
		return &misuseError{fmt.Errorf("%s: the API server rejects the Job: %w", key, err)}
	case plan.ClassifyError(err) == plan.Rejected: // by a quota, a webhook or RBAC, which may be fixed while this process runs
		log.Warn("the API server would reject a Job now, although the pod template may be valid", "error", err)
	default:
		log.Warn("the API server could not validate the pod template", "error", err)
	}
	return nil
}

// checkReviews checks that this replica may create TokenReviews, if callbacks or
// reports need them.
func checkReviews(ctx context.Context, cfg config.Config, client kube.Client) error {
	key := "callback.auth"
	switch {
	case cfg.Callback.Auth == execution.ServiceAccountTokenAuth:
	case cfg.Reports.Auth == config.ReportsServiceAccountToken:
		key = "reports.auth"
	default:
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	_, err := auth.NewTokenReviewer(client.AuthenticationV1().TokenReviews(), clock.RealClock{}).Review(ctx, "no token", nil)
	switch {
	case err == nil, errors.Is(err, auth.ErrUnauthenticated):
		return nil
	case plan.LacksPermission(err):
		return &misuseError{fmt.Errorf("%s: serviceAccountToken: %w: a ClusterRole must allow the service account to create tokenreviews", key, err)}
	default:
		return err
	}
}

// openKeyring reads the callback key. It may be missing if new executions need no
// tokens, but an open execution may need it.
func openKeyring(ctx context.Context, o flags.Options, env config.Env, cfg config.Config, client kube.Client) (*auth.Keyring, error) {
	needed := cfg.Callback.Auth == execution.TokenAuth
	keyring, err := auth.OpenKeyring(ctx, auth.KeyringOptions{
		Controller: cfg.Name,
		Namespace:  env.Namespace,
		Secret:     cmp.Or(o.CallbackKeySecret, cfg.Name+"-callback-key"),
		Directory:  o.CallbackKeyDirectory,
		Create:     needed,
		Secrets:    client.CoreV1().Secrets(env.Namespace),
		Clock:      clock.RealClock{},
	})
	switch {
	case !needed && (apierrors.IsNotFound(err) || apierrors.IsForbidden(err)):
		return nil, nil //nolint:nilnil // there is no key
	case plan.LacksPermission(err):
		return nil, &misuseError{fmt.Errorf("callback.auth: token: %w: the Role must allow the service account to get and create Secrets; or set callback.auth to none, which lets any pod report for any node", err)}
	}
	return keyring, err
}

func ports(service *corev1.Service) []int32 {
	all := make([]int32, 0, len(service.Spec.Ports))
	for _, p := range service.Spec.Ports {
		all = append(all, p.Port)
	}
	return all
}
