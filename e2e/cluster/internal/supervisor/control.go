package supervisor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
)

// controlHandler serves the requests of other processes to the supervisor.
func (s *supervisor) controlHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /progress", s.serveProgress)
	mux.HandleFunc("GET /status", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(s.processes.status())
	})
	mux.HandleFunc("POST /processes/{name}/{action}", answer(func(r *http.Request) error {
		return s.actOnProcess(r.Context(), r.PathValue("name"), r.PathValue("action"))
	}))
	mux.HandleFunc("POST /nodes/{name}/{action}", answer(func(r *http.Request) error {
		return s.actOnNode(r.Context(), r.PathValue("name"), r.PathValue("action"))
	}))
	mux.HandleFunc("PUT /images", answer(s.receiveImage))
	mux.HandleFunc("POST /dial", s.serveDial)
	return mux
}

func answer(do func(*http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := do(r); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	}
}

func (s *supervisor) serveProgress(w http.ResponseWriter, r *http.Request) {
	encoder := json.NewEncoder(w)
	for i := 0; ; i++ {
		report, ok := s.progress.next(r.Context(), i)
		if !ok || encoder.Encode(report) != nil || report.Done {
			return
		}
		_ = http.NewResponseController(w).Flush()
	}
}

func (s *supervisor) actOnProcess(ctx context.Context, name, action string) error {
	switch action {
	case "start":
		return s.processes.start(name)
	case "stop":
		return s.processes.stop(ctx, name)
	case "kill":
		return s.processes.kill(name)
	case "pause":
		_, err := s.processes.signal(name, syscall.SIGSTOP)
		return err
	case "resume":
		_, err := s.processes.signal(name, syscall.SIGCONT)
		return err
	default:
		return fmt.Errorf("cannot %s a process", action)
	}
}

func (s *supervisor) actOnNode(ctx context.Context, name, action string) error {
	node, ok := s.spec.Node(name)
	if !ok {
		return fmt.Errorf("no real node %q in this cluster", name)
	}
	change, ok := s.spec.CableChange(node, action)
	if !ok {
		return fmt.Errorf("cannot %s a node", action)
	}
	return s.spawner.run(ctx, "", change, "ip", "-batch", "-")
}

// receiveImage receives the archive and not its path, because a path may have other content
// in the supervisor's mount namespace.
func (s *supervisor) receiveImage(r *http.Request) error {
	file, err := os.CreateTemp(s.spec.Dir, "image-*.tar")
	if err != nil {
		return fmt.Errorf("store image: %w", err)
	}
	defer os.Remove(file.Name())
	_, err = io.Copy(file, r.Body)
	if err := errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("store image as %s: %w", filepath.Base(file.Name()), err)
	}
	return s.importImages(r.Context(), file.Name())
}

func (s *supervisor) serveDial(w http.ResponseWriter, r *http.Request) {
	target, err := s.dial(r.Context(), r.URL.Query().Get("address"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	w.Header().Set("Connection", "Upgrade")
	w.Header().Set("Upgrade", "tcp")
	w.WriteHeader(http.StatusSwitchingProtocols)
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		_ = target.Close()
		return
	}
	Join(conn, target)
}
