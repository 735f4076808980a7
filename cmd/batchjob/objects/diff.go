package objects

import (
	"context"
	"fmt"

	"github.com/pmezard/go-difflib/difflib"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Difference is an object that install would change.
type Difference struct {
	Reference
	Live string // as YAML; empty: it would be created
	Next string // empty: it would be deleted
}

// Diff returns what installing the objects would change, by a dry run on the API
// server.
func (c *Client) Diff(ctx context.Context, namespace string, objects []*unstructured.Unstructured) ([]Difference, error) {
	if err := c.resolveKinds(objects); err != nil {
		return nil, err
	}
	var differences []Difference
	refused := &Rejections{}
	var wanted []Reference
	for _, o := range objects {
		wanted = append(wanted, ReferenceTo(o))
		live, err := c.get(ctx, ReferenceTo(o))
		if err != nil {
			refused.add(ReferenceTo(o), err)
			continue
		}
		foreign := o.GetKind() == "Namespace" && live != nil && !applied(live)
		if foreign || (ReferenceTo(o).isShared() && (isNewer(live, o) || isCurrent(live, o))) {
			continue // install does not apply it
		}
		next, err := c.apply(ctx, o, applyOptions{force: true, dryRun: true})
		switch {
		case err != nil && live == nil && (apierrors.IsNotFound(err) || lacksRole(o, err)):
			next = o // its namespace or role is not there yet
		case err != nil:
			refused.add(ReferenceTo(o), err)
			continue
		}
		if d := (Difference{ReferenceTo(o), content(live), content(next)}); d.Live != d.Next {
			differences = append(differences, d)
		}
	}
	if err := refused.orNil(); err != nil {
		return nil, err
	}
	gone, err := c.diffPruned(ctx, namespace, wanted)
	return append(differences, gone...), err
}

func (c *Client) diffPruned(ctx context.Context, namespace string, wanted []Reference) ([]Difference, error) {
	old, err := c.ReadInventory(ctx, namespace)
	if err != nil || old == nil {
		return nil, err
	}
	var differences []Difference
	for _, r := range without(old.Objects, wanted) {
		live, err := c.get(ctx, r)
		if err != nil {
			return nil, err
		}
		if live != nil && applied(live) && !r.isReports() && !r.isShared() {
			differences = append(differences, Difference{r, content(live), ""})
		}
	}
	return differences, nil
}

// Unified returns the difference as diff -u prints it.
func (d Difference) Unified() (string, error) {
	text, err := difflib.GetUnifiedDiffString(difflib.UnifiedDiff{
		A: lines(d.Live), B: lines(d.Next), FromFile: "live/" + d.String(), ToFile: "next/" + d.String(), Context: 3,
	})
	if err != nil {
		return "", fmt.Errorf("compare %s: %w", d.Reference, err)
	}
	return text, nil
}

func lines(text string) []string {
	if text == "" {
		return nil
	}
	return difflib.SplitLines(text[:len(text)-1]) // it adds the last newline
}
