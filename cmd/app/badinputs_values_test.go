package app

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// badDocuments are the texts that are no configuration.
func badDocuments() badInputs {
	bomb := "custom:\n  a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
	for i := range 12 {
		bomb += fmt.Sprintf("  a%d: &a%d [%s]\n", i+1, i+1, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i), 9), ", "))
	}
	exploding := refuseConfig(bomb, "config.yaml", "expand to more than")
	exploding.within = 5 * time.Second // with all the rest of starting
	return badInputs{
		"C01": {
			"an empty ConfigMap": badConfig{data: map[string]string{}, refused: []string{"config.yaml: Required value: the ConfigMap has no such key", "pod-template.yaml: Required"}},
			"another key":        badConfig{data: map[string]string{"config.yml": ""}, refused: []string{"config.yaml: Required value: the ConfigMap has no such key, only config.yml"}},
		},
		"C02": {
			"null":          refuseWhole("null", "config.yaml: Required value: is empty"),
			"an empty file": refuseWhole("\n", "config.yaml: Required value: is empty"),
			"only comments": refuseWhole("# name: bad\n", "config.yaml: Required value: is empty"),
		},
		"C03": {
			"a list": refuseWhole("[]", "config.yaml", "is a list: must be a mapping"),
			"a text": refuseWhole("hello", "config.yaml", "is text: must be a mapping"),
		},
		"C04": {"a tab as indentation": refuseConfig("custom:\n\ta: 1\n", "config.yaml", "line 7: is indented with a tab: must be spaces")},
		"C05": {
			"a second document":      refuseConfig("---\nname: second\n", "config.yaml", "must be one document only"),
			"dashes around one only": takeConfig("---\n"),
		},
		"C06": {"a key twice": refuseConfig("podPoolSize: 1\npodPoolSize: 2\n", `key "podPoolSize" already set`)},
		"C07": {
			"an unknown key": refuseConfig("noSuchKey: 1\n", "noSuchKey: Invalid value: unknown key"),
			"a misspelt key": refuseConfig("podPolSize: 1\n", `did you mean "podPoolSize"?`),
		},
		"C08": {
			"the documented key":  takeConfig("jobImagePullSecrets: [{name: a}]"),
			"the key of the code": takeConfig("imagePullSecrets: [{name: a}]", "the documented name of this key is jobImagePullSecrets"),
			"both":                refuseConfig("jobImagePullSecrets: [{name: a}]\nimagePullSecrets: [{name: b}]\n", "imagePullSecrets: ", "jobImagePullSecrets"),
		},
		"C09": {
			"aliases of aliases":         exploding,
			"an alias that holds itself": refuseConfig("custom: &a [*a]\n", "config.yaml", "expand to more than"),
		},
		"C10": {
			"a byte order mark": markedConfig{},
			"UTF-16":            refuseWhole("\xff\xfen\x00a\x00", "config.yaml", "must be UTF-8"),
			"NUL":               refuseConfig("custom: {a: \"\x00\"}\n", "config.yaml", "holds a NUL byte"),
			"invalid UTF-8":     refuseConfig("custom: {a: \"\xff\"}\n", "config.yaml", "must be UTF-8"),
		},
	}
}

// markedConfig is a good configuration behind a byte order mark.
type markedConfig struct{}

func (markedConfig) check(t *testing.T, s *badServer, node string) {
	t.Helper()
	badConfig{whole: "\ufeff" + badConfig{}.document(t)}.check(t, s, node)
}

// badValues are the values of keys.
func badValues() badInputs {
	number := func(key, value string, says ...string) badConfig {
		return refuseConfig(key+": "+value, append([]string{key + ": Invalid value", "a whole number from "}, says...)...)
	}
	return badInputs{
		"C11": {"an empty name": refuseConfig(`name: ""`, "name: Required value")},
		"C12": {
			"capitals":        refuseConfig("name: Foo_Bar", "name: Invalid value", "Foo_Bar", "RFC 1123"),
			"a dash in front": refuseConfig("name: -x", "name: Invalid value", "RFC 1123"),
			"64 letters":      refuseConfig("name: "+strings.Repeat("x", 64), "name: Invalid value", "63"),
			"an emoji":        refuseConfig("name: 🚀", "name: Invalid value"),
			"63 letters":      takeConfig("name: " + strings.Repeat("x", 63)),
		},
		"C13": {"0": number("podPoolSize", "0", "1 to 1000"), "-5": number("podPoolSize", "-5", "1 to 1000")},
		"C14": {
			"in quotes":       number("podPoolSize", `"10"`, "without quotes"),
			"a half":          number("podPoolSize", "1.5"),
			"beyond integers": number("podPoolSize", "100000000000000000000"),
			"a power":         takeConfig("podPoolSize: 1e2"),
		},
		"C15": {"100000": number("podPoolSize", "100000", "1 to 1000")},
		"C16": {
			"0":                  number("reportHistory", "0", "1 to 10000"),
			"-1":                 number("reportHistory", "-1", "1 to 10000"),
			"a thousand million": number("reportHistory", "1000000000", "1 to 10000"),
		},
		"C17": {
			"empty":            refuseConfig(`reportDirectory: ""`, "reportDirectory: Invalid value", "must be an absolute path"),
			"relative":         refuseConfig("reportDirectory: reports", "reportDirectory: Invalid value", "must be an absolute path"),
			"the root":         refuseConfig("reportDirectory: /", "reportDirectory: Invalid value", "not one of the system"),
			"/etc":             refuseConfig("reportDirectory: /etc", "reportDirectory: Invalid value", "not one of the system"),
			"/proc":            refuseConfig("reportDirectory: /proc", "reportDirectory: Invalid value", "not one of the system"),
			"/usr by a detour": refuseConfig("reportDirectory: /var/www/../../usr", "reportDirectory: Invalid value", "not one of the system"),
			"a file":           directoryThat{make: os.WriteFile, says: "not a directory"},
			"a device":         refuseConfig("reportDirectory: /dev/null", "reportDirectory: Invalid value", "not one of the system"),
		},
		"C28": {"20s": takeConfig("startupDelay: 20s")},
		"C29": {
			"10":        takeConfig("startupDelay: 10", "10 has no unit and is taken as 10s"),
			"in quotes": refuseConfig(`startupDelay: "10"`, "startupDelay: Invalid value", "such as 10s"),
			"a half":    refuseConfig("startupDelay: 1.5", "startupDelay: Invalid value", "such as 10s"),
		},
		"C30": {
			"negative": refuseConfig("startupDelay: -5s", "startupDelay: Invalid value", "from 0s to 1000h0m0s"),
			"10000h":   refuseConfig("startupDelay: 10000h", "startupDelay: Invalid value", "from 0s to 1000h0m0s"),
		},
		"C31": {"a list": refuseConfig("jobNodeSelector: [a]", "jobNodeSelector: Invalid value", "must be a mapping")},
		"C32": {
			"a space in the key": refuseConfig(`jobNodeSelector: {"a b": c}`, "jobNodeSelector[a b]: Invalid value"),
			"a value of 64":      refuseConfig("jobNodeSelector: {a: "+strings.Repeat("x", 64)+"}", "jobNodeSelector[a]: Invalid value", "63"),
		},
		"C34": {
			"0":                       number("callbackServicePort", "0", "1 to 65535"),
			"-1":                      number("callbackServicePort", "-1", "1 to 65535"),
			"70000":                   number("callbackServicePort", "70000", "1 to 65535"),
			"that of metrics":         refuseConfig("callbackServicePort: 9153", "callbackServicePort: Invalid value", "is taken"),
			"not that of the Service": refuseConfig("callbackServicePort: 8091", "callbackServicePort: 8091", "Service bad has only [8090]"),
		},
		"C36": {
			"a URL":        refuseConfig("callbackServiceName: evil.example.com/x?", "callbackServiceName: Invalid value", "RFC 1123 label"),
			"another host": refuseConfig("callbackServiceName: evil.example.com", "callbackServiceName: Invalid value", "must not contain dots"),
		},
		"C38": {
			"endpoints":        takeConfig("leaderElectionResourceLock: endpoints", "endpoints no longer exists in Kubernetes: a Lease is used"),
			"configmapsleases": takeConfig("leaderElectionResourceLock: configmapsleases", "configmapsleases no longer exists in Kubernetes: a Lease is used"),
			"secrets":          refuseConfig("leaderElectionResourceLock: secrets", "leaderElectionResourceLock: Unsupported value", "leases"),
		},
		"C47": {"yes in quotes": refuseConfig(`latestMetricsLabel: "yes"`, "latestMetricsLabel: Invalid value", "must be true or false, without quotes")},
	}
}

// directoryThat is a report directory that something else is in the place of.
type directoryThat struct {
	make func(string, []byte, os.FileMode) error
	says string
}

func (d directoryThat) check(t *testing.T, s *badServer, node string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "reports")
	if err := d.make(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	badConfig{env: map[string]string{"REPORT_DIRECTORY": path}, refused: []string{"reportDirectory: " + path, d.says}}.check(t, s, node)
}
