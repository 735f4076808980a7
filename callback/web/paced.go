package web

import (
	"net/http"
	"time"
)

// writeTime is how long the client may take for one buffer of an answer. There
// is no bound on the whole: files are large and links slow.
const writeTime = 30 * time.Second

// pacedWriter cuts off a client that no longer reads.
type pacedWriter struct {
	http.ResponseWriter
	conn *http.ResponseController
}

func newPacedWriter(w http.ResponseWriter) *pacedWriter {
	return &pacedWriter{ResponseWriter: w, conn: http.NewResponseController(w)}
}

func (p *pacedWriter) Write(b []byte) (int, error) {
	_ = p.conn.SetWriteDeadline(time.Now().Add(writeTime)) // a writer without a connection has none
	return p.ResponseWriter.Write(b)
}

// Unwrap is for http.ResponseController.
func (p *pacedWriter) Unwrap() http.ResponseWriter { return p.ResponseWriter }
