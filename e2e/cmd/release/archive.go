package main

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// entry is a file in an archive.
type entry struct {
	name    string
	mode    int64
	content []byte
}

// packPrograms packs each program with the license.
func (r *release) packPrograms(context.Context) error {
	licence, err := os.ReadFile(filepath.Join(r.source.dir, "LICENSE"))
	if err != nil {
		return err
	}
	for i := range r.programs {
		p := &r.programs[i]
		content, err := os.ReadFile(p.file)
		if err != nil {
			return err
		}
		entries := []entry{{"LICENSE", 0o644, licence}, {p.fileName(), 0o755, content}}
		base, pack, suffix := fmt.Sprintf("%s_%s_%s_%s", p.name, r.version, p.os, p.arch), packTar, ".tar.gz"
		if p.os == "windows" {
			pack, suffix = packZip, ".zip"
		}
		p.archive = base + suffix
		file := filepath.Join(r.output, p.archive)
		if err := writeFile(file, func(w io.Writer) error { return pack(w, entries, r.source.date) }); err != nil {
			return err
		}
		if p.sum, err = sumOf(file); err != nil {
			return err
		}
	}
	return nil
}

func packTar(w io.Writer, entries []entry, date time.Time) error {
	compressed, err := gzip.NewWriterLevel(w, gzip.BestCompression)
	if err != nil {
		return err
	}
	archive := tar.NewWriter(compressed)
	for _, e := range entries {
		header := &tar.Header{
			Typeflag: tar.TypeReg, Name: e.name, Mode: e.mode, Size: int64(len(e.content)), ModTime: date, Format: tar.FormatUSTAR,
		}
		if err := archive.WriteHeader(header); err != nil {
			return fmt.Errorf("add %s: %w", e.name, err)
		}
		if _, err := archive.Write(e.content); err != nil {
			return fmt.Errorf("add %s: %w", e.name, err)
		}
	}
	return errors.Join(archive.Close(), compressed.Close())
}

func packZip(w io.Writer, entries []entry, date time.Time) error {
	archive := zip.NewWriter(w)
	for _, e := range entries {
		header := &zip.FileHeader{Name: e.name, Method: zip.Deflate, Modified: date.UTC()}
		header.SetMode(os.FileMode(e.mode)) //nolint:gosec // it is one of two constants
		file, err := archive.CreateHeader(header)
		if err != nil {
			return fmt.Errorf("add %s: %w", e.name, err)
		}
		if _, err := file.Write(e.content); err != nil {
			return fmt.Errorf("add %s: %w", e.name, err)
		}
	}
	return archive.Close()
}

func writeFile(file string, write func(io.Writer) error) (err error) {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	defer func() {
		if err = errors.Join(err, f.Close()); err != nil {
			err = fmt.Errorf("write %s: %w", file, err)
		}
	}()
	return write(f)
}
