package image

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"runtime"
	"sort"
	"strings"
)

// Image is a container image with one layer of files.
type Image struct {
	Name       string // with a tag, as in pods
	Entrypoint []string
	Cmd        []string
	Env        []string
	User       string
	WorkingDir string
	Files      []File
}

// File is one file, directory or symbolic link of an image. Directories above
// it need not be listed.
type File struct {
	Path   string
	Mode   int64  // permission bits; 0 is 0755
	Data   []byte // content
	Source string // or a file of this machine with the content; links are followed
	Link   string // or the target of a symbolic link
	Dir    bool
}

// Write writes images as an archive in Docker's format, which containerd, Docker and kind
// can load.
func Write(file string, images ...Image) (err error) {
	f, err := os.Create(file)
	if err != nil {
		return fmt.Errorf("create image archive: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	archive := tar.NewWriter(f)
	var manifest []manifestEntry
	for _, img := range images {
		entry, err := img.write(archive)
		if err != nil {
			return fmt.Errorf("write image %s: %w", img.Name, err)
		}
		manifest = append(manifest, entry)
	}
	data, err := json.Marshal(manifest)
	if err != nil {
		return fmt.Errorf("encode manifest: %w", err)
	}
	if err := add(archive, "manifest.json", data); err != nil {
		return err
	}
	return archive.Close()
}

type manifestEntry struct {
	Config   string
	RepoTags []string
	Layers   []string
}

func (i Image) write(archive *tar.Writer) (manifestEntry, error) {
	layer, err := i.layer()
	if err != nil {
		return manifestEntry{}, err
	}
	layerSum := digest(layer)
	config, err := i.config(layerSum)
	if err != nil {
		return manifestEntry{}, err
	}
	entry := manifestEntry{
		Config: digest(config) + ".json", RepoTags: []string{i.Name}, Layers: []string{layerSum + ".tar"},
	}
	return entry, errors.Join(add(archive, entry.Config, config), add(archive, entry.Layers[0], layer))
}

func (i Image) config(layerSum string) ([]byte, error) {
	type object = map[string]any
	data, err := json.Marshal(object{
		"architecture": runtime.GOARCH,
		"os":           "linux",
		"config": object{
			"Entrypoint": i.Entrypoint, "Cmd": i.Cmd, "Env": i.Env, "User": i.User, "WorkingDir": i.WorkingDir,
		},
		"rootfs": object{"type": "layers", "diff_ids": []string{"sha256:" + layerSum}},
	})
	if err != nil {
		return nil, fmt.Errorf("encode config: %w", err)
	}
	return data, nil
}

// layer returns the layer, which depends only on the files: they are sorted and have no
// times.
func (i Image) layer() ([]byte, error) {
	byPath := map[string]File{}
	for _, f := range i.Files {
		f.Path = strings.Trim(path.Clean(f.Path), "/")
		byPath[f.Path] = f
	}
	for _, f := range i.Files {
		for dir := path.Dir(strings.Trim(f.Path, "/")); dir != "."; dir = path.Dir(dir) {
			if _, ok := byPath[dir]; !ok {
				byPath[dir] = File{Path: dir, Dir: true}
			}
		}
	}
	paths := make([]string, 0, len(byPath))
	for p := range byPath {
		paths = append(paths, p)
	}
	sort.Strings(paths)
	var buf bytes.Buffer
	layer := tar.NewWriter(&buf)
	for _, p := range paths {
		if err := byPath[p].write(layer); err != nil {
			return nil, fmt.Errorf("add %s: %w", p, err)
		}
	}
	if err := layer.Close(); err != nil {
		return nil, fmt.Errorf("close layer: %w", err)
	}
	return buf.Bytes(), nil
}

func (f File) write(layer *tar.Writer) error {
	header := &tar.Header{Name: f.Path, Mode: f.Mode, Typeflag: tar.TypeReg}
	switch {
	case f.Dir:
		header.Name += "/"
		header.Typeflag = tar.TypeDir
	case f.Link != "":
		header.Typeflag, header.Linkname = tar.TypeSymlink, f.Link
	case f.Source != "":
		data, err := os.ReadFile(f.Source)
		if err != nil {
			return err
		}
		f.Data = data
	}
	if header.Mode == 0 {
		header.Mode = 0o755
	}
	header.Size = int64(len(f.Data))
	if err := layer.WriteHeader(header); err != nil {
		return err
	}
	_, err := layer.Write(f.Data)
	return err
}

func add(archive *tar.Writer, name string, data []byte) error {
	if err := archive.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(data))}); err != nil {
		return fmt.Errorf("add %s: %w", name, err)
	}
	if _, err := io.Copy(archive, bytes.NewReader(data)); err != nil {
		return fmt.Errorf("add %s: %w", name, err)
	}
	return nil
}

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
