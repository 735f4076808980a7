package supervisor

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/batch-job-controller/batch-job-controller/e2e/cluster/internal/pki"
	"github.com/batch-job-controller/batch-job-controller/e2e/cluster/internal/plan"
)

// writeCertificates creates the authority, and writes all certificates and kubeconfigs.
func writeCertificates(spec plan.Spec) error {
	ca, err := pki.New("batch-job-controller-e2e " + spec.Name)
	if err != nil {
		return err
	}
	if err := writeFile(spec.Certificate("ca"), ca.Certificate); err != nil {
		return err
	}
	for _, id := range spec.Identities() {
		pair, err := ca.Issue(pki.Request{User: id.User, Groups: id.Groups, Hosts: id.Hosts})
		if err != nil {
			return err
		}
		if err := writeFile(spec.Certificate(id.File), pair.Certificate); err != nil {
			return err
		}
		if err := writeFile(spec.Key(id.File), pair.Key); err != nil {
			return err
		}
		if id.Kubeconfig == "" {
			continue
		}
		config, err := kubeconfig(spec.Name, id, ca.Certificate, pair)
		if err != nil {
			return err
		}
		if err := writeFile(id.Kubeconfig, config); err != nil {
			return err
		}
	}
	return nil
}

func kubeconfig(cluster string, id plan.Identity, ca []byte, pair pki.Pair) ([]byte, error) {
	type object = map[string]any
	data, err := json.MarshalIndent(object{
		"apiVersion":      "v1",
		"kind":            "Config",
		"current-context": cluster,
		"clusters": []object{{"name": cluster, "cluster": object{
			"server":                     id.Server,
			"certificate-authority-data": ca,
		}}},
		"users": []object{{"name": id.User, "user": object{
			"client-certificate-data": pair.Certificate,
			"client-key-data":         pair.Key,
		}}},
		"contexts": []object{{"name": cluster, "context": object{"cluster": cluster, "user": id.User}}},
	}, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encode kubeconfig of %s: %w", id.User, err)
	}
	return data, nil
}

func writeFile(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("create directory: %w", err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		return fmt.Errorf("write file: %w", err)
	}
	return nil
}
