package lease

import (
	"strings"

	"k8s.io/apimachinery/pkg/util/uuid"
)

// NewIdentity returns the identity of this replica as the holder of the Lease. It is
// unique to the process: two processes with the same identity would both lead.
// configMap is the name of the ConfigMap with the configuration; it reveals another
// controller of the same name. address is the host for requests of other replicas. Both
// may be empty.
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

// AddressOf returns the host for requests to the replica of an identity, or nothing if
// it has none.
func AddressOf(identity string) string {
	_, address, _ := strings.Cut(identity, "@")
	return address
}

// ConfigMapOf returns the name of the ConfigMap with the configuration of the replica of
// an identity, or nothing if it has none.
func ConfigMapOf(identity string) string {
	replica, _, _ := strings.Cut(identity, "@")
	_, configMap, _ := strings.Cut(replica, "/")
	return configMap
}
