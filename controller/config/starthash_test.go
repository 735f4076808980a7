package config

import "testing"

func TestStartHash(t *testing.T) {
	base := Config{Name: "one", PodPoolSize: 3, Hash: "before", Callback: Callback{TLS: TLS{Mode: TLSOff}}}
	onStartup := base
	onStartup.RunOnStartup = true
	tests := map[string]struct {
		from      Config
		change    func(c *Config)
		wantStart bool
	}{
		"nothing":                                {base, func(*Config) {}, false},
		"what the process follows":               {base, func(c *Config) { c.PodPoolSize, c.Hash = 4, "after" }, false},
		"what the process is built of":           {base, func(c *Config) { c.Callback.TLS.Mode, c.Hash = TLSSelfSigned, "after" }, true},
		"nothing, with runOnStartup":             {onStartup, func(*Config) {}, false},
		"what it follows, with runOnStartup":     {onStartup, func(c *Config) { c.PodPoolSize, c.Hash = 4, "after" }, true},
		"runOnStartup, which a start has to see": {base, func(c *Config) { c.RunOnStartup, c.Hash = true, "after" }, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			to := test.from
			test.change(&to)
			before, errBefore := test.from.StartHash()
			after, errAfter := to.StartHash()
			if errBefore != nil || errAfter != nil {
				t.Fatal(errBefore, errAfter)
			}
			if started := before != after; started != test.wantStart {
				t.Errorf("got %s, and then %s", before, after)
			}
		})
	}
}
