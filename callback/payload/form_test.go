package payload

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// textBody is the body of a form, in memory.
type textBody struct {
	*strings.Reader
	ration int64
	beyond error
	broken error
}

func newTextBody(text string) *textBody { return &textBody{Reader: strings.NewReader(text)} }

func (b *textBody) Read(p []byte) (int, error) {
	if b.ration == 0 {
		b.broken = b.beyond
		return 0, b.broken
	}
	n, err := b.Reader.Read(p[:min(int64(len(p)), b.ration)])
	b.ration -= int64(n)
	if b.Len() == 0 && b.broken != nil {
		return n, b.broken
	}
	return n, err
}

func (b *textBody) Ration(bytes int64, beyond error) { b.ration, b.beyond = bytes, beyond }

func (b *textBody) Broken() error { return b.broken }

const (
	formEnd        = "--x--\r\n"
	partFile       = "--x\r\nContent-Disposition: form-data; name=f; filename=%s\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n%s\r\n"
	partUnnamed    = "--x\r\nContent-Type: image/png\r\n\r\ncontent\r\n"
	partField      = "--x\r\nContent-Disposition: form-data; name=a\r\n\r\ntext\r\n"
	partEncoded    = "--x\r\nContent-Disposition: form-data; name=f; filename=a\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=41\r\n"
	partCompressed = "--x\r\nContent-Disposition: form-data; name=f; filename=a\r\nContent-Encoding: gzip\r\n\r\n=41\r\n"
)

func partOf(name, content string) string { return fmt.Sprintf(partFile, name, content) }

// filesOf reads all files of a form, and returns each as name (type): content.
func filesOf(form *Form) (files []string, err error) {
	for {
		part, err := form.Next()
		if errors.Is(err, io.EOF) {
			return files, nil
		}
		if err != nil {
			return files, err
		}
		content, err := io.ReadAll(part)
		if err != nil {
			return files, err
		}
		files = append(files, fmt.Sprintf("%s (%s): %s", part.Name, part.ContentType, content))
	}
}

func TestForm(t *testing.T) {
	broken := errors.New("the connection broke")
	tests := map[string]struct {
		name, body string
		broken     error

		want    string // the files
		wantErr string
	}{
		"two files": {
			body: partOf("a", "one") + partOf("b", "two") + formEnd,
			want: "a (text/plain): one, b (text/plain): two",
		},
		"a name that is given is that of the first file": {
			name: "q", body: partOf("a", "one") + partOf("b", "two") + formEnd,
			want: "q (text/plain): one, b (text/plain): two",
		},
		"files without a name": {
			body: partUnnamed + partUnnamed + formEnd,
			want: " (image/png): content,  (image/png): content",
		},
		"a name twice": {
			name: "b", body: partOf("a", "one") + partOf("b", "two") + formEnd,
			want: "b (text/plain): one", wantErr: `"b" occurs twice in the form`,
		},
		"a part too many": {
			body: strings.Repeat(partUnnamed, 3) + formEnd,
			want: " (image/png): content,  (image/png): content", wantErr: "at most 2 parts",
		},
		"a header line too many":              {body: strings.Replace(partUnnamed, "\r\n", "\r\nX: 1\r\nX: 2\r\nX: 3\r\n", 1) + formEnd, wantErr: "at most 3 header lines"},
		"a header that is too large":          {body: strings.Replace(partUnnamed, "png", strings.Repeat("x", partHeaderBytes), 1) + formEnd, wantErr: "must not exceed 65536 bytes"},
		"a header that is not the first":      {body: partOf("a", strings.Repeat("x", 2*partHeaderBytes)) + formEnd, want: "a (text/plain): " + strings.Repeat("x", 2*partHeaderBytes)},
		"a field":                             {body: partField + formEnd, wantErr: `the field "a" is not a file`},
		"a part that is encoded":              {body: partEncoded + formEnd, wantErr: `not as "quoted-printable"`},
		"a part that is compressed":           {body: partCompressed + formEnd, wantErr: "a part must not be compressed"},
		"no file":                             {body: formEnd, wantErr: "the form contains no file"},
		"no end":                              {body: partOf("a", "one") + "--x\r\n", want: "a (text/plain): one", wantErr: formMalformed},
		"a file without an end":               {body: strings.TrimSuffix(partOf("a", "one"), "\r\n"), wantErr: formMalformed},
		"text before the form":                {body: "text\r\n" + partOf("a", "one") + formEnd, want: "a (text/plain): one", wantErr: "data before its first part"},
		"text after the form":                 {body: partOf("a", "one") + formEnd + "text", want: "a (text/plain): one", wantErr: "data after its end"},
		"lines after the form":                {body: partOf("a", "one") + formEnd + "\r\n\r\n", want: "a (text/plain): one"},
		"a body that breaks says so itself":   {body: "--x\r\nContent-Type: image/png\r\n\r\ncont", broken: broken, wantErr: broken.Error()},
		"a body that breaks between the ends": {body: partOf("a", "one") + "--x\r\nX: ", broken: broken, want: "a (text/plain): one", wantErr: broken.Error()},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			body := newTextBody(tt.body)
			body.broken = tt.broken
			form, err := NewForm(body, "multipart/form-data; boundary=x", tt.name, FormLimits{Parts: 2, Headers: 3})
			if err != nil {
				t.Fatal(err)
			}
			files, err := filesOf(form)
			if got := strings.Join(files, ", "); got != tt.want {
				t.Errorf("files: got %.200q, want %.200q", got, tt.want)
			}
			if (err == nil) != (tt.wantErr == "") || err != nil && !strings.Contains(err.Error(), tt.wantErr) {
				t.Errorf("error: got %v, want %q", err, tt.wantErr)
			}
		})
	}
}

func TestFormNeedsABoundary(t *testing.T) {
	for _, contentType := range []string{"multipart/form-data", "multipart/form-data; boundary", `multipart/form-data; boundary=""`} {
		_, err := NewForm(newTextBody(""), contentType, "", FormLimits{})
		var invalid *execution.InvalidError
		if !errors.As(err, &invalid) || invalid.Path != "Content-Type" {
			t.Errorf("%s: got %v", contentType, err)
		}
	}
}

func FuzzMultipart(f *testing.F) {
	f.Add("multipart/form-data; boundary=x", partOf("a", "text")+formEnd)
	f.Add("multipart/form-data; boundary=x", partField+formEnd)
	f.Add("multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=f; filename*0*=UTF-8''%ff\r\n\r\n")
	f.Add("multipart/form-data; boundary=x", "--x\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=zz\r\n--x--")
	f.Add("multipart/form-data; boundary=\"\"", "")
	f.Add("text/plain", "")
	f.Fuzz(func(t *testing.T, contentType, body string) {
		request := &http.Request{Header: http.Header{"Content-Type": {contentType}}}
		if !IsForm(request) {
			return
		}
		var files []string
		form, err := NewForm(newTextBody(body), contentType, "", FormLimits{Parts: 16, Headers: 64})
		if err == nil {
			files, err = filesOf(form)
		}
		var invalid *execution.InvalidError
		var mediaType *MediaTypeError
		if err != nil && !errors.As(err, &invalid) && !errors.As(err, &mediaType) {
			t.Errorf("%q, %q: got %v, which is no error of the client", contentType, body, err)
		}
		if err == nil && (len(files) == 0 || len(files) > 16) {
			t.Errorf("%q, %q: got %d files", contentType, body, len(files))
		}
		for _, file := range files {
			if _, content, _ := bytes.Cut([]byte(file), []byte("): ")); len(content) > len(body) {
				t.Errorf("%q, %q: got %q, which is longer", contentType, body, file)
			}
		}
	})
}
