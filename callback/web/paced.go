package web

import (
	"net/http"
	"time"
)

// writeTime is how long the client may take to read one buffer of a response. The
// total time has no limit: files are large and links slow.
const writeTime = 30 * time.Second

// pacedWriter disconnects a client that has stopped reading.
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

// Unwrap implements the interface of http.ResponseController.
func (p *pacedWriter) Unwrap() http.ResponseWriter { return p.ResponseWriter }
