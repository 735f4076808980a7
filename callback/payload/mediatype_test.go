package payload

import (
	"net/http"
	"testing"
)

func TestMediaTypes(t *testing.T) {
	tests := map[string]struct {
		contentType string
		codings     []string

		want               string // the content type
		wantForm           bool
		wantMultipartErr   bool
		wantCompressionErr bool
	}{
		"none":                               {},
		"with parameters":                    {contentType: "text/plain; charset=utf-8", want: "text/plain"},
		"with parameters that are malformed": {contentType: "Text/Plain; ;;", want: "text/plain"},
		"malformed":                          {contentType: ";;"},
		"a form":                             {contentType: "multipart/form-data; boundary=x", want: "multipart/form-data", wantForm: true, wantMultipartErr: true},
		"a form without a boundary":          {contentType: "Multipart/Form-Data", want: "multipart/form-data", wantForm: true, wantMultipartErr: true},
		"several parts that are no form":     {contentType: "multipart/mixed", want: "multipart/mixed", wantMultipartErr: true},
		"not compressed":                     {codings: []string{"", "Identity"}},
		"compressed":                         {codings: []string{"identity", "gzip"}, wantCompressionErr: true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r := &http.Request{Header: http.Header{"Content-Encoding": tt.codings}}
			r.Header.Set("Content-Type", tt.contentType)
			if got := ContentType(r); got != tt.want {
				t.Errorf("ContentType: got %q, want %q", got, tt.want)
			}
			if got := IsForm(r); got != tt.wantForm {
				t.Errorf("IsForm: got %t, want %t", got, tt.wantForm)
			}
			if err := NotMultipart(r); (err != nil) != tt.wantMultipartErr {
				t.Errorf("NotMultipart: got %v", err)
			}
			if err := NotCompressed(r); (err != nil) != tt.wantCompressionErr {
				t.Errorf("NotCompressed: got %v", err)
			}
		})
	}
}
