package auth

import (
	"slices"
	"sync"

	"github.com/batch-job-controller/batch-job-controller/controller/route"
)

// Credentials tells the credentials of this controller's callbacks from what only
// looks like them.
type Credentials struct {
	keyring  *Keyring // nil: there are no tokens
	issuers  *Issuers
	audience string // of the service account tokens for callbacks

	mu      sync.Mutex
	learned []string // issuers of tokens that the API server has accepted
}

var _ route.Prover = (*Credentials)(nil)

// NewCredentials returns Credentials: callback tokens of the keyring, none if that
// is nil, and service account tokens of the issuers for the audience.
func NewCredentials(keyring *Keyring, issuers *Issuers, audience string) *Credentials {
	return &Credentials{keyring: keyring, issuers: issuers, audience: audience}
}

// tokens tells the service account tokens of the controller's pods from other JWTs.
func (c *Credentials) tokens() route.PodTokens {
	return route.PodTokens{Issuers: c.issuers.Known(), Audience: c.audience}
}

// IsToken reports whether a key of the controller has made the token.
func (c *Credentials) IsToken(token string) bool {
	return c.keyring != nil && c.keyring.Made(token)
}

// IsJWT reports whether the claims are those of a token of the cluster for this
// controller's callbacks. That the signature is not checked is no reason to show
// it.
func (c *Credentials) IsJWT(claims []byte) bool {
	tokens := c.tokens()
	c.mu.Lock()
	tokens.Issuers = slices.Concat(tokens.Issuers, c.learned)
	c.mu.Unlock()
	return tokens.Proves(string(claims))
}

// learn takes the issuer of a token that the API server has accepted: a replica
// outside of the cluster has no token of its own that names it.
func (c *Credentials) learn(token string) {
	issuer := route.IssuerOf(token)
	c.mu.Lock()
	defer c.mu.Unlock()
	if issuer != "" && !slices.Contains(c.learned, issuer) && len(c.learned) < maxIssuers {
		c.learned = append(c.learned, issuer)
	}
}
