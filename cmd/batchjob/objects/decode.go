package objects

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	yamlstream "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"
)

// Decode decodes YAML documents.
func Decode(text []byte) ([]*unstructured.Unstructured, error) {
	decoder := yamlstream.NewYAMLOrJSONDecoder(bytes.NewReader(text), 4096)
	var objects []*unstructured.Unstructured
	for {
		one := &unstructured.Unstructured{}
		err := decoder.Decode(one)
		if errors.Is(err, io.EOF) {
			return objects, nil
		}
		if err != nil {
			return nil, fmt.Errorf("decode objects: %w", err)
		}
		objects = append(objects, one)
	}
}

// Encode encodes objects as YAML documents.
func Encode(objects []*unstructured.Unstructured) ([]byte, error) {
	var documents [][]byte
	for _, one := range objects {
		text, err := yaml.Marshal(one.Object)
		if err != nil {
			return nil, fmt.Errorf("encode %s: %w", ReferenceTo(one), err)
		}
		documents = append(documents, text)
	}
	return bytes.Join(documents, []byte("---\n")), nil
}

// Find returns the only object of a kind.
func Find(objects []*unstructured.Unstructured, kind string) (*unstructured.Unstructured, error) {
	is := func(o *unstructured.Unstructured) bool { return o.GetKind() == kind }
	first := slices.IndexFunc(objects, is)
	if first < 0 || slices.ContainsFunc(objects[first+1:], is) {
		return nil, fmt.Errorf("objects of kind %s: there must be exactly one", kind)
	}
	return objects[first], nil
}
