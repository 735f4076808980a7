package controller

import (
	"strings"

	"k8s.io/apimachinery/pkg/util/uuid"
)

// NewIdentity returns the name under which a replica holds the Lease. It is
// unique to this process: two that took each other for themselves would both
// lead. Address is the host at which other replicas reach it, and may be empty.
func NewIdentity(hostname, address string) string {
	identity := hostname + "_" + string(uuid.NewUUID())
	if address != "" {
		identity += "@" + address
	}
	return identity
}

// addressOf returns the host at which the replica of an identity is reached, or
// nothing if it does not say.
func addressOf(identity string) string {
	_, address, _ := strings.Cut(identity, "@")
	return address
}
