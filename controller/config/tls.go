package config

import (
	"encoding/json"

	"k8s.io/apimachinery/pkg/api/validate/content"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// TLS is where the certificate of a port comes from.
type TLS struct {
	Mode   TLSMode
	Secret string // its name, with TLSSecret
}

// TLSMode says whose certificate a port has.
type TLSMode string

// The modes.
const (
	TLSOff        TLSMode = "off"        // plain HTTP
	TLSSelfSigned TLSMode = "selfSigned" // of an authority of our own
	TLSSecret     TLSMode = "secret"     // of a Secret that somebody else fills, such as cert-manager
)

// On reports whether the port is served with TLS.
func (t TLS) On() bool { return t.Mode == TLSSelfSigned || t.Mode == TLSSecret }

// tls takes the keys tls and tlsSecret.
func (o *object) tls() TLS {
	t := TLS{Mode: o.tlsMode(), Secret: o.text("tlsSecret", "", unlessEmpty(content.IsDNS1123Subdomain))}
	switch {
	case t.Mode == TLSSecret && t.Secret == "":
		o.report(field.Required(o.child("tlsSecret"), "must be the name of the Secret, since tls is secret"))
	case t.Mode != TLSSecret && t.Secret != "":
		o.warn(o.child("tlsSecret"), "has no effect: tls is %s", t.Mode)
		t.Secret = ""
	}
	return t
}

func (o *object) tlsMode() TLSMode {
	// To YAML an off without quotes is a truth value.
	if value, ok := o.values["tls"]; ok && kindOf(value) == aTrueness {
		var on bool
		if json.Unmarshal(value, &on) == nil && !on {
			o.take("tls")
			return TLSOff
		}
	}
	return TLSMode(o.oneOf("tls", string(TLSOff), string(TLSSelfSigned), string(TLSSecret)))
}
