package config

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
)

// StartHash tells two configurations apart that a controller has to be started
// anew between. With RunOnStartup those are any two: the start is what begins an
// execution with the changed one.
func (c Config) StartHash() (string, error) {
	if c.RunOnStartup {
		return c.Hash, nil
	}
	values := map[string]any{}
	for _, s := range settings(&c) {
		if s.applies == Restart {
			values[s.path] = s.target
		}
	}
	text, err := json.Marshal(values) // in the order of the keys
	if err != nil {
		return "", fmt.Errorf("hash the configuration: %w", err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:6]), nil
}
