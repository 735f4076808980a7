package auth

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/utils/clock"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/route"
)

var tokenOwner = execution.Key{Execution: "20261124034200", Node: "node-1"}

func keyringOptions(client *fake.Clientset) KeyringOptions {
	return KeyringOptions{
		Controller: "name", Namespace: "ns", Secret: "name-callback-key", Create: true,
		Secrets: client.CoreV1().Secrets("ns"), Clock: clock.RealClock{},
	}
}

func openKeyring(t *testing.T, o KeyringOptions) *Keyring {
	t.Helper()
	k, err := OpenKeyring(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func keySecret(keys map[string]string) *corev1.Secret {
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "name-callback-key"}, Data: map[string][]byte{}}
	for name, key := range keys {
		secret.Data[name] = []byte(key)
	}
	return secret
}

func keyOf(letter string) string { return strings.Repeat(letter, route.TokenKeyBytes) }

func TestReplicasShareOneKey(t *testing.T) {
	client := fake.NewClientset()
	first, second := openKeyring(t, keyringOptions(client)), openKeyring(t, keyringOptions(client))
	if got, err := second.Verify(t.Context(), first.Token(tokenOwner)); err != nil || got != tokenOwner {
		t.Errorf("got %v, %v", got, err)
	}
	secret, err := client.CoreV1().Secrets("ns").Get(t.Context(), "name-callback-key", metav1.GetOptions{})
	if err != nil || len(secret.Data[currentKey]) != route.TokenKeyBytes || len(secret.Data) != 1 {
		t.Errorf("Secret: %d bytes in %d values, %v", len(secret.Data[currentKey]), len(secret.Data), err)
	}
}

func TestWithoutAKeyNoneIsMadeUnlessItIsAskedFor(t *testing.T) {
	client := fake.NewClientset()
	o := keyringOptions(client)
	o.Create = false
	if _, err := OpenKeyring(t.Context(), o); !apierrors.IsNotFound(err) {
		t.Errorf("got %v, want that there is none", err)
	}
}

func TestKeysThatAreWrongAreRefused(t *testing.T) {
	tests := map[string]struct {
		keys map[string]string
		want string
	}{
		"no current one":         {keys: map[string]string{previousKey: keyOf("a")}, want: "current: has 0 bytes"},
		"a short one":            {keys: map[string]string{currentKey: "short"}, want: "current: has 5 bytes: must be 32"},
		"a previous one that is": {keys: map[string]string{currentKey: keyOf("a"), previousKey: "short"}, want: "previous: has 5 bytes"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := OpenKeyring(t.Context(), keyringOptions(fake.NewClientset(keySecret(tt.keys))))
			if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "short") {
				t.Errorf("got %v, want %s, and not the key", err, tt.want)
			}
		})
	}
}

func TestAKeyThatIsRotated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := fake.NewClientset(keySecret(map[string]string{currentKey: keyOf("a")}))
		k := openKeyring(t, keyringOptions(client))
		old := k.Token(tokenOwner)
		// Another replica, which has read it already.
		rotated := keySecret(map[string]string{currentKey: keyOf("b"), previousKey: keyOf("a")})
		if _, err := client.CoreV1().Secrets("ns").Update(t.Context(), rotated, metav1.UpdateOptions{}); err != nil {
			t.Fatal(err)
		}
		other := openKeyring(t, keyringOptions(client))
		for name, token := range map[string]string{"of the new key": other.Token(tokenOwner), "of the old key": old} {
			for _, ring := range []*Keyring{k, other} {
				if got, err := ring.Verify(t.Context(), token); err != nil || got != tokenOwner {
					t.Errorf("a token %s: got %v, %v", name, got, err)
				}
			}
		}
		if k.Token(tokenOwner) == old {
			t.Error("the new key is known and not used")
		}
		if err := client.CoreV1().Secrets("ns").Delete(t.Context(), "name-callback-key", metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
		if got, err := k.Verify(t.Context(), old); err != nil || got != tokenOwner {
			t.Errorf("without the Secret: got %v, %v", got, err)
		}
	})
}

// Tokens of made-up keys cause at most one read of the Secret per rereadPause.
func TestKeysThatAreMadeUpCostNoRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := fake.NewClientset(keySecret(map[string]string{currentKey: keyOf("a")}))
		k := openKeyring(t, keyringOptions(client))
		client.ClearActions()
		stranger := route.Keyring{Namespace: "ns", Controller: "name", Keys: []route.TokenKey{{1}}}.Token(tokenOwner)
		for range 100 {
			if _, err := k.Verify(t.Context(), stranger); !errors.Is(err, route.ErrUnknownKey) {
				t.Fatalf("got %v", err)
			}
			time.Sleep(100 * time.Millisecond)
		}
		if asked := len(client.Actions()); asked < 1 || asked > 3 {
			t.Errorf("the API server was asked %d times in ten seconds", asked)
		}
	})
}

func TestTheMountedKeyIsReadWithoutTheAPIServer(t *testing.T) {
	directory := t.TempDir()
	write := func(name, key string) {
		if err := os.WriteFile(filepath.Join(directory, name), []byte(key), 0o400); err != nil {
			t.Fatal(err)
		}
	}
	write(currentKey, keyOf("a"))
	client := fake.NewClientset()
	o := keyringOptions(client)
	o.Directory = directory
	k := openKeyring(t, o)
	write(previousKey, keyOf("b"))
	before := route.Keyring{Namespace: "ns", Controller: "name", Keys: []route.TokenKey{route.TokenKey([]byte(keyOf("b")))}}.Token(tokenOwner)
	for _, token := range []string{k.Token(tokenOwner), before} {
		if got, err := k.Verify(context.Background(), token); err != nil || got != tokenOwner {
			t.Errorf("got %v, %v", got, err)
		}
	}
	if asked := len(client.Actions()); asked != 0 {
		t.Errorf("the API server was asked %d times", asked)
	}
	o.Directory = t.TempDir()
	openKeyring(t, o)
	if len(client.Actions()) == 0 {
		t.Error("an empty directory was taken for the key")
	}
}
