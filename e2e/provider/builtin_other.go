//go:build !linux

package provider

import (
	"context"
	"errors"
)

func builtinLacks() string { return "Linux, which the built-in cluster needs" }

func isBuilt(context.Context) bool { return false }

func startBuiltin(context.Context, Options) (Provider, error) {
	return nil, errors.New(builtinLacks())
}
