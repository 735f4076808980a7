package main

import (
	"fmt"
	"os"
	"reflect"
	"strconv"

	"sigs.k8s.io/yaml"
)

// revisionAnnotation of a definition is a number that grows with each change: it says which of
// two definitions is newer, so that an older program does not replace a newer one. A change
// that is generated in two steps may take two numbers.
const revisionAnnotation = "batch-job-controller.io/revision"

// before returns the definition in a file, or nil if there is none yet.
func before(file string) (definition map[string]any, err error) {
	text, err := os.ReadFile(file)
	if os.IsNotExist(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the definition of before: %w", err)
	}
	if err := yaml.Unmarshal(text, &definition); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return definition, nil
}

// revise gives a definition its revision: that of the one before, or the next if it differs.
func revise(definition, before map[string]any) error {
	revision := 1
	if text, ok := annotationsOf(before)[revisionAnnotation].(string); ok {
		last, err := strconv.Atoi(text)
		if err != nil {
			return fmt.Errorf("annotation %s of the definition of before: %w", revisionAnnotation, err)
		}
		revision = last
		if !reflect.DeepEqual(definition["spec"], before["spec"]) {
			revision++
		}
	}
	annotationsOf(definition)[revisionAnnotation] = strconv.Itoa(revision)
	return nil
}

// annotationsOf returns the annotations of a definition, of which controller-gen writes one.
func annotationsOf(definition map[string]any) map[string]any {
	metadata, _ := definition["metadata"].(map[string]any)
	annotations, _ := metadata["annotations"].(map[string]any)
	return annotations
}
