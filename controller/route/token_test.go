package route_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/route"
)

func ring(namespace, controller string, keys ...byte) route.Keyring {
	r := route.Keyring{Namespace: namespace, Controller: controller}
	for _, k := range keys {
		r.Keys = append(r.Keys, route.TokenKey{k})
	}
	return r
}

func TestTokens(t *testing.T) {
	good := ring("ns", "name", 1).Token(key)
	tests := map[string]struct {
		ring  route.Keyring
		token string
		want  error
	}{
		"its own":                                       {ring: ring("ns", "name", 1), token: good},
		"one of the key before":                         {ring: ring("ns", "name", 2, 1), token: good},
		"one of a key that has gone":                    {ring: ring("ns", "name", 3, 2), token: good, want: route.ErrUnknownKey},
		"another controller's":                          {ring: ring("ns", "other", 1), token: good, want: route.ErrWrongToken},
		"another namespace's":                           {ring: ring("other", "name", 1), token: good, want: route.ErrWrongToken},
		"a namespace and a name that are cut elsewhere": {ring: ring("n", "sname", 1), token: good, want: route.ErrWrongToken},
		"with another node":                             {ring: ring("ns", "name", 1), token: strings.Replace(good, "node-1", "node-2", 1), want: route.ErrWrongToken},
		"with another execution":                        {ring: ring("ns", "name", 1), token: strings.Replace(good, "20261124034200", "20261124034201", 1), want: route.ErrWrongToken},
		"of another version":                            {ring: ring("ns", "name", 1), token: "v2" + good[2:], want: route.ErrMalformedToken},
		"empty":                                         {ring: ring("ns", "name", 1), token: "", want: route.ErrMalformedToken},
		"cut off":                                       {ring: ring("ns", "name", 1), token: good[:len(good)-1], want: route.ErrMalformedToken},
		"with something behind it":                      {ring: ring("ns", "name", 1), token: good + "A", want: route.ErrMalformedToken},
		"with a line's end behind it":                   {ring: ring("ns", "name", 1), token: good + "\n", want: route.ErrMalformedToken},
		"without a node":                                {ring: ring("ns", "name", 1), token: strings.Replace(good, "node-1.zone-a", "", 1), want: route.ErrMalformedToken},
		"longer than any":                               {ring: ring("ns", "name", 1), token: good + strings.Repeat("A", 400), want: route.ErrMalformedToken},
		"with a key ID in capitals":                     {ring: ring("ns", "name", 1), token: good[:3] + strings.ToUpper(good[3:11]) + good[11:], want: route.ErrUnknownKey},
		"checked without a key":                         {ring: ring("ns", "name"), token: good, want: route.ErrUnknownKey},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := tt.ring.Verify(tt.token)
			if !errors.Is(err, tt.want) {
				t.Fatalf("got %v, want %v", err, tt.want)
			}
			if tt.want == nil && got != key {
				t.Errorf("got %v, want %v", got, key)
			}
		})
	}
}

// TestNoOtherTextIsAToken changes every bit of a token, one at a time.
func TestNoOtherTextIsAToken(t *testing.T) {
	r := ring("ns", "name", 1)
	good := r.Token(key)
	for i := range len(good) {
		for bit := range 8 {
			changed := []byte(good)
			changed[i] ^= 1 << bit
			if whose, err := r.Verify(string(changed)); err == nil {
				t.Errorf("byte %d, bit %d: %q was taken for one of %v", i, bit, changed, whose)
			}
		}
	}
}

func TestTokensOfTheLongestNamesFitAPath(t *testing.T) {
	long := execution.Key{Execution: key.Execution, Node: strings.Repeat("a.", 126) + "a"}
	r := ring(strings.Repeat("n", 63), strings.Repeat("c", 63), 1)
	if got, err := r.Verify(r.Token(long)); err != nil || got != long {
		t.Errorf("got %v, %v", got, err)
	}
}

func FuzzParseToken(f *testing.F) {
	r := ring("ns", "name", 1)
	good := r.Token(key)
	f.Add(good)
	f.Add(good[:len(good)-2])
	f.Add("v1....")
	f.Fuzz(func(t *testing.T, token string) {
		whose, err := r.Verify(token)
		if err == nil && r.Token(whose) != token {
			t.Errorf("%q was taken for the token of %v", token, whose)
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	r := ring("ns", "name", 1)
	token := r.Token(key)
	for b.Loop() {
		if _, err := r.Verify(token); err != nil {
			b.Fatal(err)
		}
	}
}
