package callback

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/route"
)

// BasicUser is the user name for a token that is sent as a password.
const BasicUser = "bjc"

// authenticate checks the credential of a request. It runs again just before this
// replica processes the body, because another replica may have been the leader
// before.
func (h *handler) authenticate(c *call) error {
	if h.options.Authenticate == nil {
		return nil
	}
	credential, err := credentialOf(c)
	if err == nil {
		err = h.review(c, credential)
	}
	if errors.Is(err, execution.ErrUnauthenticated) && !h.denials.Add(remoteHost(c)) {
		err = fmt.Errorf("%w: %w", errTooManyDenied, err)
	}
	return err
}

// review checks a credential, if the budget of its address allows that.
func (h *handler) review(c *call, credential string) error {
	if h.options.AdmitReview == nil {
		return h.options.Authenticate(c.context(), c.key, credential)
	}
	settle, err := h.options.AdmitReview(c.context(), c.key, remoteHost(c), credential)
	if err != nil {
		return err
	}
	err = h.options.Authenticate(c.context(), c.key, credential)
	settle(err)
	return err
}

// credentialOf returns the credential of a request, or "". A request may contain the
// same credential in several places, but not different ones.
func credentialOf(c *call) (string, error) {
	found := c.gin.Param(route.TokenParam)
	for _, header := range c.request.Header.Values("Authorization") {
		credential, err := credentialIn(header)
		if err != nil {
			return "", err
		}
		if found != "" && found != credential {
			return "", execution.Deny(execution.DeniedSeveral)
		}
		found = credential
	}
	return found, nil
}

func credentialIn(header string) (string, error) {
	scheme, rest, _ := strings.Cut(header, " ")
	credential := strings.TrimSpace(rest)
	if strings.EqualFold(scheme, "Basic") {
		only := http.Request{Header: http.Header{"Authorization": {header}}}
		user, password, ok := only.BasicAuth()
		if !ok || user != BasicUser {
			return "", execution.Deny(execution.DeniedMalformed)
		}
		credential = password
	} else if !strings.EqualFold(scheme, "Bearer") {
		return "", execution.Deny(execution.DeniedMalformed)
	}
	if credential == "" {
		return "", execution.Deny(execution.DeniedMalformed)
	}
	return credential, nil
}

// remoteHost returns the address of the client's connection. Headers are not
// trusted.
func remoteHost(c *call) string {
	host, _, err := net.SplitHostPort(c.request.RemoteAddr)
	if err != nil {
		return c.request.RemoteAddr
	}
	return host
}
