package provider

import (
	"context"
	"errors"
	"os"
	"path/filepath"
)

// existing is the cluster of a kubeconfig.
type existing struct{ path string }

func kubeconfigLacks() string {
	switch path := os.Getenv("KUBECONFIG"); {
	case path == "":
		return "the environment variable KUBECONFIG"
	case !isFile(path):
		return "the file that KUBECONFIG names: " + path
	case imageFromEnv() == "":
		return "the environment variable E2E_IMAGE: an image of the controller that the cluster's nodes can pull"
	case jobImageFromEnv("") == "":
		return "the environment variable E2E_JOB_IMAGE: an image with sh and curl that the cluster's nodes can pull"
	}
	return ""
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

func useKubeconfig() Provider {
	path := os.Getenv("KUBECONFIG")
	if absolute, err := filepath.Abs(path); err == nil {
		path = absolute
	}
	return existing{path}
}

func (e existing) Name() string       { return Kubeconfig }
func (e existing) Kubeconfig() string { return e.path }
func (e existing) Kubectl() string    { return "kubectl" }
func (e existing) Image() string      { return imageFromEnv() }
func (e existing) JobImage() string   { return jobImageFromEnv("") }

func (e existing) LoadImage(context.Context, string) error {
	return errors.New("images cannot be loaded into a cluster of which only the kubeconfig is known")
}

func (e existing) StopCommand() string { return "" }
func (e existing) Stop() error         { return nil }
