package main

import (
	"context"
	"debug/buildinfo"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
)

// document is an SPDX 2.3 document, as far as it is used.
type document struct {
	Version       string         `json:"spdxVersion"`
	DataLicense   string         `json:"dataLicense"`
	ID            string         `json:"SPDXID"`
	Name          string         `json:"name"`
	Namespace     string         `json:"documentNamespace"`
	Creation      creation       `json:"creationInfo"`
	Packages      []component    `json:"packages"`
	Relationships []relationship `json:"relationships"`
}

type creation struct {
	Created  string   `json:"created"`
	Creators []string `json:"creators"`
}

// component is what SPDX calls a package.
type component struct {
	ID               string      `json:"SPDXID"`
	Name             string      `json:"name"`
	Version          string      `json:"versionInfo"`
	File             string      `json:"packageFileName,omitempty"`
	Purpose          string      `json:"primaryPackagePurpose"`
	DownloadLocation string      `json:"downloadLocation"`
	FilesAnalyzed    bool        `json:"filesAnalyzed"`
	Checksums        []checksum  `json:"checksums,omitempty"`
	LicenseConcluded string      `json:"licenseConcluded"`
	LicenseDeclared  string      `json:"licenseDeclared"`
	Copyright        string      `json:"copyrightText"`
	SourceInfo       string      `json:"sourceInfo,omitempty"`
	References       []reference `json:"externalRefs"`
}

type checksum struct {
	Algorithm string `json:"algorithm"`
	Value     string `json:"checksumValue"`
}

type reference struct {
	Category string `json:"referenceCategory"`
	Type     string `json:"referenceType"`
	Locator  string `json:"referenceLocator"`
}

type relationship struct {
	Element string `json:"spdxElementId"`
	Type    string `json:"relationshipType"`
	Related string `json:"relatedSpdxElement"`
}

const (
	documentID = "SPDXRef-DOCUMENT"
	unknown    = "NOASSERTION"
	ownLicence = "Apache-2.0"
)

// writeMaterials writes the bill of materials: what the programs say they were
// built from.
func (r *release) writeMaterials(context.Context) error {
	file := filepath.Join(r.output, server+"_"+r.version+".spdx.json")
	return writeFile(file, func(w io.Writer) error {
		encoder := json.NewEncoder(w)
		encoder.SetIndent("", "  ")
		encoder.SetEscapeHTML(false)
		return encoder.Encode(r.materials())
	})
}

func (r *release) materials() document {
	d := document{
		Version:     "SPDX-2.3",
		DataLicense: "CC0-1.0",
		ID:          documentID,
		Name:        server + " " + r.version,
		Namespace:   homepage + "/spdx/" + r.version + "/" + r.source.commit,
		Creation:    creation{Created: r.source.date.Format(dateFormat), Creators: []string{"Tool: e2e/cmd/release-" + r.version}},
	}
	modules := map[string]component{}
	for _, p := range r.programs {
		d.add(archiveComponent(p, r.version), documentID, "DESCRIBES")
		for _, m := range modulesOf(p.info) {
			modules[m.ID] = m
			d.relate(archiveID(p), "DEPENDS_ON", m.ID)
		}
	}
	if r.reference != "" {
		image := imageComponent(r.reference, r.version)
		d.add(image, documentID, "DESCRIBES")
		for _, p := range r.programs {
			if p.name == server {
				d.relate(image.ID, "CONTAINS", archiveID(p))
			}
		}
	}
	var ids []string
	for id := range modules {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids {
		d.Packages = append(d.Packages, modules[id])
	}
	return d
}

func (d *document) add(c component, from, how string) {
	d.Packages = append(d.Packages, c)
	d.relate(from, how, c.ID)
}

func (d *document) relate(from, how, to string) {
	d.Relationships = append(d.Relationships, relationship{from, how, to})
}

// spdxID makes an identifier of the characters that are allowed in one.
func spdxID(parts ...string) string {
	return "SPDXRef-" + regexp.MustCompile(`[^A-Za-z0-9.-]`).ReplaceAllString(strings.Join(parts, "-"), "-")
}

func archiveID(p program) string { return spdxID("Archive", p.archive) }

func archiveComponent(p program, version string) component {
	return component{
		ID: archiveID(p), Name: p.name, Version: version, File: p.archive, Purpose: "APPLICATION",
		DownloadLocation: homepage + "/releases/download/" + version + "/" + p.archive,
		Checksums:        []checksum{{"SHA256", p.sum}},
		LicenseConcluded: ownLicence, LicenseDeclared: ownLicence, Copyright: unknown,
		References: []reference{purl("golang/" + strings.ToLower(p.info.Main.Path) + "@" + url.QueryEscape(version) +
			"?goarch=" + p.arch + "&goos=" + p.os + "#cmd/" + p.name)},
	}
}

func imageComponent(ref, version string) component {
	tagged, digest, _ := strings.Cut(ref, "@")
	name := strings.TrimSuffix(tagged, ":"+version)
	return component{
		ID: spdxID("Image"), Name: name, Version: version, Purpose: "CONTAINER", DownloadLocation: unknown,
		Checksums:        []checksum{{"SHA256", strings.TrimPrefix(digest, "sha256:")}},
		LicenseConcluded: ownLicence, LicenseDeclared: ownLicence, Copyright: unknown,
		References: []reference{purl("oci/" + server + "@" + url.QueryEscape(digest) + "?repository_url=" + url.QueryEscape(name) + "&tag=" + version)},
	}
}

// modulesOf returns the modules in a program, and the standard library.
func modulesOf(info *buildinfo.BuildInfo) []component {
	modules := []component{moduleComponent(debug.Module{Path: "stdlib", Version: strings.TrimPrefix(info.GoVersion, "go")})}
	for _, m := range info.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		modules = append(modules, moduleComponent(*m))
	}
	return modules
}

func moduleComponent(m debug.Module) component {
	c := component{
		ID: spdxID("Module", m.Path, m.Version), Name: m.Path, Version: m.Version, Purpose: "LIBRARY",
		DownloadLocation: fmt.Sprintf("https://proxy.golang.org/%s/@v/%s.zip", escapeModule(m.Path), escapeModule(m.Version)),
		LicenseConcluded: unknown, LicenseDeclared: unknown, Copyright: unknown,
		References: []reference{purl("golang/" + strings.ToLower(m.Path) + "@" + url.QueryEscape(m.Version))},
	}
	if m.Sum != "" {
		c.SourceInfo = "go.sum: " + m.Sum
	}
	if m.Path == "stdlib" {
		c.DownloadLocation = "https://go.dev/dl/go" + m.Version + ".src.tar.gz"
	}
	return c
}

// escapeModule writes capital letters as module proxies do.
func escapeModule(text string) string {
	return regexp.MustCompile(`[A-Z]`).ReplaceAllStringFunc(text, func(c string) string { return "!" + strings.ToLower(c) })
}

func purl(locator string) reference { return reference{"PACKAGE-MANAGER", "purl", "pkg:" + locator} }
