package auth

import (
	"slices"
	"sync"

	"github.com/batch-job-controller/batch-job-controller/controller/route"
)

// Credentials distinguishes credentials of this controller's callbacks from texts that
// look like them. It is the route.Prover of the texts that the finders of package route
// find. Whose a new kind of credential is, Callbacks.verify decides.
type Credentials struct {
	keyring  *Keyring // nil: there are no tokens
	issuers  *Issuers
	audience string // of the service account tokens for callbacks

	mu      sync.Mutex
	learned []string // issuers of accepted tokens
}

var _ route.Prover = (*Credentials)(nil)

// NewCredentials returns Credentials: callback tokens of the keyring, which may be nil,
// and service account tokens of the issuers for the audience.
func NewCredentials(keyring *Keyring, issuers *Issuers, audience string) *Credentials {
	return &Credentials{keyring: keyring, issuers: issuers, audience: audience}
}

// tokens distinguishes service account tokens of the job pods from other JWTs.
func (c *Credentials) tokens() route.PodTokens {
	return route.PodTokens{Issuers: c.issuers.Known(), Audience: c.audience}
}

// IsToken reports whether the token is derived from a key of the controller.
func (c *Credentials) IsToken(token string) bool {
	return c.keyring != nil && c.keyring.Made(token)
}

// IsJWT reports whether the claims are those of a cluster token for this controller's
// callbacks. It does not check the signature: such a token is redacted anyway.
func (c *Credentials) IsJWT(claims []byte) bool {
	tokens := c.tokens()
	c.mu.Lock()
	tokens.Issuers = slices.Concat(tokens.Issuers, c.learned)
	c.mu.Unlock()
	return tokens.Proves(string(claims))
}

// learn stores the issuer of a token that the API server has accepted: a replica outside
// of the cluster has no token of its own with the issuer.
func (c *Credentials) learn(token string) {
	issuer := route.IssuerOf(token)
	c.mu.Lock()
	defer c.mu.Unlock()
	if issuer != "" && !slices.Contains(c.learned, issuer) && len(c.learned) < maxIssuers {
		c.learned = append(c.learned, issuer)
	}
}
