package kube

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	authenticationclient "k8s.io/client-go/kubernetes/typed/authentication/v1"
	authorizationclient "k8s.io/client-go/kubernetes/typed/authorization/v1"
	batchclient "k8s.io/client-go/kubernetes/typed/batch/v1"
	coordinationclient "k8s.io/client-go/kubernetes/typed/coordination/v1"
	coreclient "k8s.io/client-go/kubernetes/typed/core/v1"
	eventsclient "k8s.io/client-go/kubernetes/typed/events/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/util/flowcontrol"

	v1alpha1client "github.com/batch-job-controller/batch-job-controller/controller/api/client"
)

// Client is the part of kubernetes.Interface that the controller uses, and the custom
// resources. The whole interface would make the program much larger.
type Client interface {
	AuthenticationV1() authenticationclient.AuthenticationV1Interface
	AuthorizationV1() authorizationclient.AuthorizationV1Interface
	BatchV1() batchclient.BatchV1Interface
	CoordinationV1() coordinationclient.CoordinationV1Interface
	CoreV1() coreclient.CoreV1Interface
	EventsV1() eventsclient.EventsV1Interface
	V1alpha1() v1alpha1client.Interface
}

// RequestTimeout bounds a request to the API server.
const RequestTimeout = 30 * time.Second

// NewClient returns a client of an API server. Its parts share their connections
// and the limit on their rate.
func NewClient(access *rest.Config) (Client, error) {
	shared := rest.CopyConfig(access)
	if shared.RateLimiter == nil && shared.QPS > 0 {
		shared.RateLimiter = flowcontrol.NewTokenBucketRateLimiter(shared.QPS, shared.Burst)
	}
	httpClient, err := rest.HTTPClientFor(shared)
	if err != nil {
		return nil, fmt.Errorf("client: %w", err)
	}
	var c client
	err = errors.Join(
		part(&c.authentication, shared, httpClient, authenticationclient.NewForConfigAndClient),
		part(&c.authorization, shared, httpClient, authorizationclient.NewForConfigAndClient),
		part(&c.batch, shared, httpClient, batchclient.NewForConfigAndClient),
		part(&c.coordination, shared, httpClient, coordinationclient.NewForConfigAndClient),
		part(&c.core, shared, httpClient, coreclient.NewForConfigAndClient),
		part(&c.events, shared, httpClient, eventsclient.NewForConfigAndClient),
		part(&c.v1alpha1, shared, httpClient, v1alpha1client.NewForConfigAndClient),
	)
	if err != nil {
		return nil, err
	}
	return &c, nil
}

type client struct {
	authentication *authenticationclient.AuthenticationV1Client
	authorization  *authorizationclient.AuthorizationV1Client
	batch          *batchclient.BatchV1Client
	coordination   *coordinationclient.CoordinationV1Client
	core           *coreclient.CoreV1Client
	events         *eventsclient.EventsV1Client
	v1alpha1       *v1alpha1client.Client
}

// part sets one part of a client.
func part[T any](into *T, access *rest.Config, httpClient *http.Client, newPart func(*rest.Config, *http.Client) (T, error)) error {
	created, err := newPart(access, httpClient)
	if err != nil {
		return fmt.Errorf("client: %w", err)
	}
	*into = created
	return nil
}

func (c *client) AuthenticationV1() authenticationclient.AuthenticationV1Interface {
	return c.authentication
}

func (c *client) AuthorizationV1() authorizationclient.AuthorizationV1Interface {
	return c.authorization
}

func (c *client) BatchV1() batchclient.BatchV1Interface { return c.batch }

func (c *client) CoordinationV1() coordinationclient.CoordinationV1Interface { return c.coordination }

func (c *client) CoreV1() coreclient.CoreV1Interface { return c.core }

func (c *client) EventsV1() eventsclient.EventsV1Interface { return c.events }

func (c *client) V1alpha1() v1alpha1client.Interface { return c.v1alpha1 }
