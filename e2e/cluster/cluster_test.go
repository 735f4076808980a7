package cluster

import (
	"strings"
	"testing"
)

func TestOptionsValidate(t *testing.T) {
	tests := map[string]struct {
		options Options
		wantErr bool
	}{
		"simulated nodes only":  {options: Options{Name: "a-1", Simulated: 3}},
		"no name":               {options: Options{}, wantErr: true},
		"a name that is a path": {options: Options{Name: "../x"}, wantErr: true},
		"negative nodes":        {options: Options{Name: "a", Nodes: -1}, wantErr: true},
		"negative simulated":    {options: Options{Name: "a", Simulated: -1}, wantErr: true},
		"more than fit":         {options: Options{Name: "a", Nodes: 1000}, wantErr: true},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if err := tc.options.Validate(); (err != nil) != tc.wantErr {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestTooLongDirIsRefused(t *testing.T) {
	if _, err := (Options{Name: "a", Dir: "/" + strings.Repeat("x", maxDir)}).withDefaults(); err == nil {
		t.Error("accepted")
	}
}

func TestReservedPortCannotBeTaken(t *testing.T) {
	f, port, err := reservePort()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	other, otherPort, err := reservePort()
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if port == 0 || port == otherPort {
		t.Errorf("ports are %d and %d", port, otherPort)
	}
}
