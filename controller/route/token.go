package route

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// TokenParam is the name of the path's parameter that holds the token.
const TokenParam = "token"

// TokenPrefix precedes the path of a callback that contains the token. The token comes
// first, so that scripts can append a query to the URL.
const TokenPrefix = "/t/:" + TokenParam

// TokenPath returns the prefix of a callback's path with a token.
func TokenPath(token string) string { return "/t/" + token }

// TokenKeyBytes is the length of a callback key.
const TokenKeyBytes = 32

// TokenKey is a callback key, which derives and verifies tokens.
type TokenKey [TokenKeyBytes]byte

// Keyring derives and verifies the callback tokens of a controller.
//
// A token is v1.<key ID>.<execution ID>.<node>.<MAC>. It names its node task, so that a
// pod that uses its token for another node can be distinguished from a client without a
// token. The MAC is HMAC-SHA256 over all fields, each preceded by its length, in base64
// without padding.
type Keyring struct {
	Namespace  string
	Controller string
	Keys       []TokenKey // the first makes tokens, all are accepted
}

// Why a token is rejected.
var (
	ErrMalformedToken = errors.New("the token is malformed")
	ErrUnknownKey     = errors.New("the token is derived from an unknown key")
	ErrWrongToken     = errors.New("the token is wrong")
)

const (
	// Another version takes two releases: the first accepts it beside this one, in Verify
	// and in credential.go, and the second makes it. During an upgrade, replicas of both
	// versions check tokens (docs/design/0008), and open executions keep theirs.
	tokenVersion = "v1"
	tokenPurpose = "batch-job-controller-callback/" + tokenVersion
	keyIDBytes   = 4
	macLength    = 43 // of 32 bytes in base64 without padding
	maxToken     = len(tokenVersion) + len(".") + 2*keyIDBytes + len(".20060102150405.") + maxNodeName + len(".") + macLength
)

// Strict: otherwise different last characters could encode the same token.
var macEncoding = base64.RawURLEncoding.Strict()

// Token returns the token of a node task. There must be a key.
func (k Keyring) Token(key execution.Key) string {
	current := k.Keys[0]
	return strings.Join([]string{
		tokenVersion, current.id(), string(key.Execution), key.Node, macEncoding.EncodeToString(k.mac(current, key)),
	}, ".")
}

// Verify returns the node task of a token, if it is derived from a key of the ring.
func (k Keyring) Verify(token string) (execution.Key, error) {
	id, key, mac, err := parseToken(token)
	if err != nil {
		return execution.Key{}, err
	}
	for _, candidate := range k.Keys {
		if candidate.id() != id {
			continue
		}
		if !hmac.Equal(mac, k.mac(candidate, key)) {
			return execution.Key{}, ErrWrongToken
		}
		return key, nil
	}
	return execution.Key{}, ErrUnknownKey
}

// IDs returns the IDs of the keys. Tokens are derived from the first.
func (k Keyring) IDs() []string {
	ids := make([]string, 0, len(k.Keys))
	for _, key := range k.Keys {
		ids = append(ids, key.id())
	}
	return ids
}

// parseToken parses a token. Only the node may contain dots.
func parseToken(token string) (id string, key execution.Key, mac []byte, err error) {
	malformed := func(err error) (string, execution.Key, []byte, error) {
		return "", execution.Key{}, nil, fmt.Errorf("%w: %w", ErrMalformedToken, err)
	}
	if len(token) > maxToken {
		return malformed(fmt.Errorf("longer than %d bytes", maxToken))
	}
	version, rest, _ := strings.Cut(token, ".")
	id, rest, _ = strings.Cut(rest, ".")
	executionID, rest, _ := strings.Cut(rest, ".")
	end := strings.LastIndexByte(rest, '.')
	if version != tokenVersion || len(id) != 2*keyIDBytes || end < 0 {
		return malformed(errors.New("must have five parts"))
	}
	if key, err = ParseKey(rest[:end], executionID); err != nil {
		return malformed(err)
	}
	text := rest[end+1:] // its length, because the decoder skips the ends of lines
	if mac, err = macEncoding.DecodeString(text); err != nil || len(text) != macLength || len(mac) != sha256.Size {
		return malformed(errors.New("must end in the MAC"))
	}
	return id, key, mac, nil
}

func (k Keyring) mac(with TokenKey, key execution.Key) []byte {
	h := hmac.New(sha256.New, with[:])
	for _, field := range []string{tokenPurpose, k.Namespace, k.Controller, string(key.Execution), key.Node} {
		_, _ = h.Write(binary.BigEndian.AppendUint32(nil, uint32(len(field)))) //nolint:gosec // names are short
		_, _ = h.Write([]byte(field))
	}
	return h.Sum(nil)
}

// id identifies a key without revealing it.
func (k TokenKey) id() string {
	sum := sha256.Sum256(append([]byte("key ID\x00"), k[:]...))
	return hex.EncodeToString(sum[:keyIDBytes])
}
