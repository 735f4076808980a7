package report

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// oracle has what may be on the disk, according to the responses of the store.
type oracle struct {
	files   map[string][]string // path: what it may hold; absent if it may not be there
	dropped map[execution.ID]bool
	dropMay map[execution.ID]bool
	begun   map[execution.ID]bool
}

const absent = "\x00absent"

func newOracle() *oracle {
	return &oracle{map[string][]string{}, map[execution.ID]bool{}, map[execution.ID]bool{}, map[execution.ID]bool{}}
}

func (o *oracle) note(s step, err error) {
	switch {
	case s.file != "" && err == nil:
		o.files[s.file] = []string{s.content}
	case s.file != "":
		if o.files[s.file] == nil {
			o.files[s.file] = []string{absent}
		}
		o.files[s.file] = append(o.files[s.file], s.content)
	case s.begin != "":
		o.begun[s.begin] = o.begun[s.begin] || err == nil
		delete(o.dropped, s.begin)
	case s.drop != "":
		o.dropped[s.drop] = err == nil
		o.dropMay[s.drop] = true
	}
}

// check returns a violation, or nothing.
func (o *oracle) check(s *Store) string {
	ids, err := s.Executions()
	if err != nil {
		return err.Error()
	}
	for id := range o.begun {
		exists := slices.Contains(ids, id)
		switch {
		case o.begun[id] && !o.dropMay[id] && !exists:
			return fmt.Sprintf("execution %s is lost", id)
		case o.dropped[id] && exists:
			return fmt.Sprintf("execution %s is back", id)
		}
	}
	for _, id := range ids {
		about, err := s.About(id)
		durable := o.begun[id] && !o.dropMay[id]
		if (durable || !errors.Is(err, fs.ErrNotExist)) && (err != nil || about != whole) {
			return fmt.Sprintf("execution %s is %+v, %v", id, about, err)
		}
	}
	for name, may := range o.files {
		id, _, _ := strings.Cut(name, "/")
		if !slices.Contains(ids, execution.ID(id)) {
			continue
		}
		if content := read(s, name); !slices.Contains(may, content) {
			return fmt.Sprintf("%s is %q, may be %q", name, content, may)
		}
	}
	return o.checkVisible(s, ids)
}

func (o *oracle) checkVisible(s *Store, ids []execution.ID) string {
	for _, id := range ids {
		entries, err := fs.ReadDir(s.FS(), string(id))
		if err != nil {
			return err.Error()
		}
		for _, entry := range entries {
			name := string(id) + "/" + entry.Name()
			if !strings.HasPrefix(entry.Name(), ".") && o.files[name] == nil {
				return name + " should not be there"
			}
		}
	}
	switch target, err := fs.ReadLink(s.FS(), latest); {
	case errors.Is(err, fs.ErrNotExist):
		for _, id := range ids {
			if o.begun[id] && !o.dropMay[id] {
				return "there is no latest"
			}
		}
		return ""
	case err != nil:
		return err.Error()
	case !slices.Contains(ids, execution.ID(target)):
		return "latest leads to " + target
	}
	return ""
}

func read(s *Store, name string) string {
	body, err := fs.ReadFile(s.FS(), name)
	if errors.Is(err, fs.ErrNotExist) {
		return absent
	}
	if err != nil {
		return err.Error()
	}
	return string(body)
}
