package lease

import (
	"strings"

	"k8s.io/apimachinery/pkg/util/uuid"
)

// NewIdentity returns the name under which a replica holds the Lease. It is
// unique to this process: two that took each other for themselves would both
// lead. ConfigMap is the name of that with its configuration, by which replicas
// are told from another controller that was given the same name. Address is the
// host at which other replicas reach it. Both may be empty.
func NewIdentity(hostname, configMap, address string) string {
	identity := hostname + "_" + string(uuid.NewUUID())
	if configMap != "" {
		identity += "/" + configMap
	}
	if address != "" {
		identity += "@" + address
	}
	return identity
}

// AddressOf returns the host at which the replica of an identity is reached, or
// nothing if it does not say.
func AddressOf(identity string) string {
	_, address, _ := strings.Cut(identity, "@")
	return address
}

// ConfigMapOf returns the name of the ConfigMap with the configuration of the
// replica of an identity, or nothing if it does not say.
func ConfigMapOf(identity string) string {
	replica, _, _ := strings.Cut(identity, "@")
	_, configMap, _ := strings.Cut(replica, "/")
	return configMap
}
