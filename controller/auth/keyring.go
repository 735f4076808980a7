package auth

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/clock"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/route"
)

// The keys of the Secret with the callback key. Tokens are derived from the current
// key; tokens of the previous key are still valid.
const (
	currentKey  = "current"
	previousKey = "previous"
)

const (
	// rereadPause is the time between two reads for tokens of unknown keys.
	rereadPause = 5 * time.Second
	// apiTimeout bounds one request to the API server.
	apiTimeout = 30 * time.Second
)

// SecretClient reads and creates Secrets of one namespace.
type SecretClient interface {
	Get(ctx context.Context, name string, o metav1.GetOptions) (*corev1.Secret, error)
	Create(ctx context.Context, secret *corev1.Secret, o metav1.CreateOptions) (*corev1.Secret, error)
}

// KeyringOptions are the options of a Keyring.
type KeyringOptions struct {
	Controller string // its name
	Namespace  string
	Secret     string
	// Directory is where the Secret is mounted, so that it can be read while the API
	// server is unavailable. If it is empty or lacks the key, the Secret is read from
	// the API server.
	Directory string
	// Create creates a missing key.
	Create  bool
	Secrets SecretClient // of the namespace
	Clock   clock.PassiveClock
}

// Keyring derives and verifies callback tokens with the key of a Secret, which the first
// replica creates. It rereads a changed key.
type Keyring struct {
	options KeyringOptions

	mu     sync.Mutex
	ring   route.Keyring
	reread time.Time // the last reread
}

// OpenKeyring reads the callback key. It creates a missing key, or without Create
// returns the API server's NotFound error.
func OpenKeyring(ctx context.Context, o KeyringOptions) (*Keyring, error) {
	k := &Keyring{options: o, ring: route.Keyring{Namespace: o.Namespace, Controller: o.Controller}}
	keys, err := k.read(ctx)
	if apierrors.IsNotFound(err) && o.Create {
		keys, err = k.create(ctx, newKey())
	}
	if err != nil {
		return nil, fmt.Errorf("callback key: %w", err)
	}
	k.ring.Keys = keys
	return k, nil
}

// Token returns the token of a node task.
func (k *Keyring) Token(key execution.Key) string { return k.Current().Token(key) }

// Verify returns the node task of a token. Its error wraps those of
// route.Keyring.Verify.
func (k *Keyring) Verify(ctx context.Context, token string) (execution.Key, error) {
	key, err := k.Current().Verify(token)
	if !errors.Is(err, route.ErrUnknownKey) || !k.mayReread() {
		return key, err
	}
	keys, readErr := k.read(ctx)
	if readErr != nil {
		return execution.Key{}, fmt.Errorf("%w: %w", err, readErr)
	}
	k.mu.Lock()
	k.ring.Keys = keys
	k.mu.Unlock()
	return k.Current().Verify(token)
}

// Made reports whether the token is derived from a known key. It makes no request.
func (k *Keyring) Made(token string) bool {
	_, err := k.Current().Verify(token)
	return err == nil
}

// Current returns the current keys, so that all tokens of a Secret are derived from the
// same key.
func (k *Keyring) Current() route.Keyring {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.ring
}

// mayReread reports whether the key may be reread now: a client with made-up key IDs
// must not cause load on the API server.
func (k *Keyring) mayReread() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.options.Clock.Since(k.reread) < rereadPause {
		return false
	}
	k.reread = k.options.Clock.Now()
	return true
}

// read returns the keys from the directory or, if they are missing there, from the API
// server.
func (k *Keyring) read(ctx context.Context) ([]route.TokenKey, error) {
	if k.options.Directory != "" {
		keys, err := readKeys(k.options.Directory)
		if !errors.Is(err, fs.ErrNotExist) {
			return keys, err
		}
	}
	return k.get(ctx)
}

func (k *Keyring) get(ctx context.Context) ([]route.TokenKey, error) {
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	secret, err := k.options.Secrets.Get(ctx, k.options.Secret, metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	keys, err := parseKeys(secret.Data)
	if err != nil {
		return nil, fmt.Errorf("secret %s: %w", k.options.Secret, err)
	}
	return keys, nil
}

func newKey() (key route.TokenKey) {
	_, _ = rand.Read(key[:]) // never fails
	return key
}

// create creates the Secret with the current key and possibly the previous one. If
// another replica was faster, it returns that replica's keys.
func (k *Keyring) create(ctx context.Context, keys ...route.TokenKey) ([]route.TokenKey, error) {
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	data := map[string][]byte{}
	for i, name := range []string{currentKey, previousKey}[:len(keys)] {
		data[name] = keys[i][:]
	}
	_, err := k.options.Secrets.Create(ctx, &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{
			Name:        k.options.Secret,
			Labels:      jobspec.CommonLabels(k.options.Controller, jobspec.KeyComponent),
			Annotations: jobspec.CommonAnnotations(),
		},
		Type: corev1.SecretTypeOpaque,
		Data: data,
	}, metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		return k.get(ctx)
	}
	return keys, err
}

func readKeys(directory string) ([]route.TokenKey, error) {
	data := map[string][]byte{}
	for _, name := range []string{currentKey, previousKey} {
		text, err := os.ReadFile(filepath.Join(directory, name))
		if errors.Is(err, fs.ErrNotExist) && name == previousKey {
			continue
		}
		if err != nil {
			return nil, err
		}
		data[name] = text
	}
	keys, err := parseKeys(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", directory, err)
	}
	return keys, nil
}

// parseKeys returns the current key, and the previous one if it exists.
func parseKeys(data map[string][]byte) ([]route.TokenKey, error) {
	var keys []route.TokenKey
	for _, name := range []string{currentKey, previousKey} {
		text, ok := data[name]
		if !ok && name == previousKey {
			continue
		}
		if len(text) != route.TokenKeyBytes {
			return nil, fmt.Errorf("%s: has %d bytes: must be %d random bytes", name, len(text), route.TokenKeyBytes)
		}
		keys = append(keys, route.TokenKey(text))
	}
	return keys, nil
}
