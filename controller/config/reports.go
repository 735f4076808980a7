package config

// Reports is how people look at the reports.
type Reports struct {
	Auth ReportsAuth
	TLS  TLS
}

// ReportsAuth is how somebody proves that they may look at the reports.
type ReportsAuth string

// The ways to prove it.
const (
	ReportsNoAuth              ReportsAuth = "none"                // not at all
	ReportsServiceAccountToken ReportsAuth = "serviceAccountToken" // a bearer token that the API server reviews
)

// reports takes the mapping of the same name.
func (o *object) reports() Reports {
	m, _ := o.object("reports")
	r := Reports{
		Auth: ReportsAuth(m.oneOf("auth", string(ReportsNoAuth), string(ReportsServiceAccountToken))),
		TLS:  m.tls(),
	}
	if r.Auth == ReportsServiceAccountToken && !r.TLS.On() {
		m.warn(m.child("tls"), "is off: tokens are read by whoever is on the path to the report port")
	}
	m.close()
	return r
}
