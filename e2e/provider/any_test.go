package provider

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestWays(t *testing.T) {
	tests := map[string]struct {
		kindLacks, builtinLacks string
		built                   bool
		want                    []string // provider, and parts of the log about it
		wantErr                 string
	}{
		"Docker answers":                       {want: []string{"kind: because Docker answers", "builtin: could not be started"}},
		"Docker answers, and there is no root": {builtinLacks: "root", want: []string{"kind: about a minute"}},
		"no Docker, nothing is built":          {kindLacks: "a Docker daemon that answers", want: []string{"builtin: lacks a Docker daemon that answers; 10 to 20 minutes"}},
		"no Docker, Kubernetes is built":       {kindLacks: "the command kind", built: true, want: []string{"builtin: lacks the command kind; about half a minute"}},
		"neither":                              {kindLacks: "the command kind", builtinLacks: "root", wantErr: "the command kind, nor the built-in cluster, which lacks root"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := ways(tt.kindLacks, tt.builtinLacks, tt.built)
			if (err != nil) != (tt.wantErr != "") || (err != nil && !strings.Contains(err.Error(), tt.wantErr)) {
				t.Errorf("got error %v, want one with %q", err, tt.wantErr)
			}
			if len(got) != len(tt.want) {
				t.Fatalf("got %+v, want %q", got, tt.want)
			}
			for i, want := range tt.want {
				provider, parts, _ := strings.Cut(want, ": ")
				text := got[i].why + " " + got[i].takes
				if got[i].provider != provider || slices.ContainsFunc(strings.Split(parts, "; "), func(part string) bool { return !strings.Contains(text, part) }) {
					t.Errorf("got %+v, want %q", got[i], want)
				}
			}
		})
	}
}

// started is a fake cluster.
type started struct{ Provider }

func TestTheNextWayIsTakenWhenOneFails(t *testing.T) {
	noImage := errors.New("kind create cluster: failed to pull image")
	tests := map[string]struct {
		fail    map[string]error
		want    []string
		wantErr bool
	}{
		"the first works":  {want: []string{Kind}},
		"the first fails":  {fail: map[string]error{Kind: noImage}, want: []string{Kind, Builtin}},
		"all of them fail": {fail: map[string]error{Kind: noImage, Builtin: errors.New("no space left")}, want: []string{Kind, Builtin}, wantErr: true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			all, err := ways("", "", true)
			if err != nil {
				t.Fatal(err)
			}
			var tried []string
			var log bytes.Buffer
			_, err = startAny(t.Context(), Options{Log: &log}, all, func(_ context.Context, o Options) (Provider, error) {
				tried = append(tried, o.Provider)
				return started{}, tt.fail[o.Provider]
			})
			if !slices.Equal(tried, tt.want) || (err != nil) != tt.wantErr {
				t.Errorf("tried %q, error %v; want %q, an error: %t", tried, err, tt.want, tt.wantErr)
			}
			for _, failure := range tt.fail {
				if !strings.Contains(log.String(), failure.Error()) {
					t.Errorf("the log lacks %q:\n%s", failure, log.String())
				}
			}
		})
	}
}
