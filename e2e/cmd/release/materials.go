package main

import (
	"context"
	"debug/buildinfo"
	"fmt"
	"io"
	"maps"
	"net/url"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"

	spdx "github.com/spdx/tools-golang/json"
	"github.com/spdx/tools-golang/spdx/v2/common"
	"github.com/spdx/tools-golang/spdx/v2/v2_3"
)

const (
	documentID = common.ElementID("DOCUMENT")
	unknown    = "NOASSERTION"
	ownLicence = "Apache-2.0"
)

// writeMaterials writes the bill of materials, according to the build information of the
// programs.
func (r *release) writeMaterials(context.Context) error {
	file := filepath.Join(r.output, server+"_"+r.version+".spdx.json")
	return writeFile(file, func(w io.Writer) error {
		return spdx.Write(r.materials(), w, spdx.Indent("  "), spdx.EscapeHTML(false))
	})
}

func (r *release) materials() *v2_3.Document {
	d := &document{&v2_3.Document{
		SPDXVersion:       v2_3.Version,
		DataLicense:       v2_3.DataLicense,
		SPDXIdentifier:    documentID,
		DocumentName:      server + " " + r.version,
		DocumentNamespace: homepage + "/spdx/" + r.version + "/" + r.source.commit,
		CreationInfo: &v2_3.CreationInfo{
			Created:  r.source.date.Format(dateFormat),
			Creators: []common.Creator{{CreatorType: "Tool", Creator: "e2e/cmd/release-" + r.version}},
		},
	}}
	modules := map[common.ElementID]*v2_3.Package{}
	for _, p := range r.programs {
		d.add(archiveComponent(p, r.version), documentID, common.TypeRelationshipDescribe)
		for _, m := range modulesOf(p.info) {
			modules[m.PackageSPDXIdentifier] = m
			d.relate(archiveID(p), common.TypeRelationshipDependsOn, m.PackageSPDXIdentifier)
		}
	}
	if r.reference != "" {
		image := imageComponent(r.reference, r.version)
		d.add(image, documentID, common.TypeRelationshipDescribe)
		for _, p := range r.programs {
			if p.name == server {
				d.relate(image.PackageSPDXIdentifier, common.TypeRelationshipContains, archiveID(p))
			}
		}
	}
	for _, id := range slices.Sorted(maps.Keys(modules)) {
		d.Packages = append(d.Packages, modules[id])
	}
	return d.Document
}

// document is a bill of materials that is being written.
type document struct{ *v2_3.Document }

func (d *document) add(p *v2_3.Package, from common.ElementID, how string) {
	d.Packages = append(d.Packages, p)
	d.relate(from, how, p.PackageSPDXIdentifier)
}

func (d *document) relate(from common.ElementID, how string, to common.ElementID) {
	d.Relationships = append(d.Relationships, &v2_3.Relationship{
		RefA: common.DocElementID{ElementRefID: from}, Relationship: how, RefB: common.DocElementID{ElementRefID: to},
	})
}

// spdxID returns an identifier that has only permitted characters.
func spdxID(parts ...string) common.ElementID {
	return common.ElementID(regexp.MustCompile(`[^A-Za-z0-9.-]`).ReplaceAllString(strings.Join(parts, "-"), "-"))
}

func archiveID(p program) common.ElementID { return spdxID("Archive", p.archive) }

func archiveComponent(p program, version string) *v2_3.Package {
	return &v2_3.Package{
		PackageSPDXIdentifier: archiveID(p), PackageName: p.name, PackageVersion: version, PackageFileName: p.archive, PrimaryPackagePurpose: "APPLICATION",
		PackageDownloadLocation: homepage + "/releases/download/" + version + "/" + p.archive,
		PackageChecksums:        []common.Checksum{{Algorithm: common.SHA256, Value: p.sum}},
		PackageLicenseConcluded: ownLicence, PackageLicenseDeclared: ownLicence, PackageCopyrightText: unknown,
		PackageExternalReferences: []*v2_3.PackageExternalReference{purl("golang/" + strings.ToLower(p.info.Main.Path) + "@" + url.QueryEscape(version) +
			"?goarch=" + p.arch + "&goos=" + p.os + "#cmd/" + p.name)},
	}
}

func imageComponent(ref, version string) *v2_3.Package {
	tagged, digest, _ := strings.Cut(ref, "@")
	name := strings.TrimSuffix(tagged, ":"+version)
	return &v2_3.Package{
		PackageSPDXIdentifier: spdxID("Image"), PackageName: name, PackageVersion: version, PrimaryPackagePurpose: "CONTAINER", PackageDownloadLocation: unknown,
		PackageChecksums:        []common.Checksum{{Algorithm: common.SHA256, Value: strings.TrimPrefix(digest, "sha256:")}},
		PackageLicenseConcluded: ownLicence, PackageLicenseDeclared: ownLicence, PackageCopyrightText: unknown,
		PackageExternalReferences: []*v2_3.PackageExternalReference{purl("oci/" + server + "@" + url.QueryEscape(digest) + "?repository_url=" + url.QueryEscape(name) + "&tag=" + version)},
	}
}

// modulesOf returns the modules in a program, and the standard library.
func modulesOf(info *buildinfo.BuildInfo) []*v2_3.Package {
	modules := []*v2_3.Package{moduleComponent(debug.Module{Path: "stdlib", Version: strings.TrimPrefix(info.GoVersion, "go")})}
	for _, m := range info.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		modules = append(modules, moduleComponent(*m))
	}
	return modules
}

func moduleComponent(m debug.Module) *v2_3.Package {
	c := &v2_3.Package{
		PackageSPDXIdentifier: spdxID("Module", m.Path, m.Version), PackageName: m.Path, PackageVersion: m.Version, PrimaryPackagePurpose: "LIBRARY",
		PackageDownloadLocation: fmt.Sprintf("https://proxy.golang.org/%s/@v/%s.zip", escapeModule(m.Path), escapeModule(m.Version)),
		PackageLicenseConcluded: unknown, PackageLicenseDeclared: unknown, PackageCopyrightText: unknown,
		PackageExternalReferences: []*v2_3.PackageExternalReference{purl("golang/" + strings.ToLower(m.Path) + "@" + url.QueryEscape(m.Version))},
	}
	if m.Sum != "" {
		c.PackageSourceInfo = "go.sum: " + m.Sum
	}
	if m.Path == "stdlib" {
		c.PackageDownloadLocation = "https://go.dev/dl/go" + m.Version + ".src.tar.gz"
	}
	return c
}

// escapeModule writes capital letters as module proxies do.
func escapeModule(text string) string {
	return regexp.MustCompile(`[A-Z]`).ReplaceAllStringFunc(text, func(c string) string { return "!" + strings.ToLower(c) })
}

func purl(locator string) *v2_3.PackageExternalReference {
	return &v2_3.PackageExternalReference{Category: common.CategoryPackageManager, RefType: common.TypePackageManagerPURL, Locator: "pkg:" + locator}
}
