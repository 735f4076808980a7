package programs

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Module is the path of this module.
const Module = "github.com/batch-job-controller/batch-job-controller"

// ModuleRoot returns the root directory of this module, in which the working directory of a
// test is.
func ModuleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find working directory: %w", err)
	}
	for {
		data, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil && bytes.HasPrefix(data, []byte("module "+Module+"\n")) {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("the working directory is not in the module " + Module)
		}
		dir = parent
	}
}

// cacheDir returns the directory in which built programs are cached.
func cacheDir() (string, error) {
	if dir := os.Getenv("BJC_CACHE"); dir != "" {
		return filepath.Join(dir, "batch-job-controller"), nil
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find cache directory: %w", err)
	}
	return filepath.Join(dir, "batch-job-controller"), nil
}
