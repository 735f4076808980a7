package lease

import "testing"

func TestIdentity(t *testing.T) {
	tests := map[string]struct{ hostname, configMap, address string }{
		"with everything":                           {"controller-0", "settings", "10.0.0.1"},
		"with an IPv6 address":                      {"controller-0", "settings.prod", "fd00::1"},
		"without an address":                        {"controller-0", "settings", ""},
		"of an earlier version":                     {"controller-0", "", "10.0.0.1"},
		"of an earlier version, without an address": {"controller-0", "", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			identity := NewIdentity(tt.hostname, tt.configMap, tt.address)
			if got := ConfigMapOf(identity); got != tt.configMap {
				t.Errorf("ConfigMap of %s: got %q, want %q", identity, got, tt.configMap)
			}
			if got := AddressOf(identity); got != tt.address {
				t.Errorf("address of %s: got %q, want %q", identity, got, tt.address)
			}
			if NewIdentity(tt.hostname, tt.configMap, tt.address) == identity {
				t.Error("two processes have the same identity")
			}
		})
	}
}
