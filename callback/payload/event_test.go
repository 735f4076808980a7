package payload

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
)

func message(text string, args ...string) string {
	quoted := make([]string, len(args))
	for i, arg := range args {
		quoted[i] = fmt.Sprintf("%q", arg)
	}
	return fmt.Sprintf(`{"reason":"R","message":%q,"args":[%s]}`, text, strings.Join(quoted, ","))
}

func TestDecodeEvent(t *testing.T) {
	long := strings.Repeat("x", 1024)
	tests := map[string]struct {
		body string
		want execution.Event
	}{
		"the documented message": {
			body: `{"warning": false, "reason": "TestReason", "message": "test message"}`,
			want: execution.Event{Reason: "TestReason", Message: "test message"},
		},
		"the documented message with parameters": {
			body: `{"warning": true, "reason": "TestReason", "message": "test message: %s", "args": ["a1"]}`,
			want: execution.Event{Warning: true, Reason: "TestReason", Message: "test message: a1"},
		},
		"the warning may be missing": {
			body: `{"reason":"R","message":"m"}`,
			want: execution.Event{Reason: "R", Message: "m"},
		},
		"what was done": {
			body: `{"reason":"R","message":"m","action":"Mount a disk"}`,
			want: execution.Event{Reason: "R", Message: "m", Action: "Mount a disk"},
		},
		"what was done is empty": {
			body: `{"reason":"R","message":"m","action":""}`,
			want: execution.Event{Reason: "R", Message: "m"},
		},
		"null arguments are none": {
			body: `{"reason":"R","message":"100%","args":null}`,
			want: execution.Event{Reason: "R", Message: "100%"},
		},
		"E2: a reason of 128 letters": {
			body: `{"reason":"` + strings.Repeat("R", 128) + `","message":"m"}`,
			want: execution.Event{Reason: strings.Repeat("R", 128), Message: "m"},
		},
		"E3: a message of 1024 bytes": {
			body: message(long),
			want: execution.Event{Reason: "R", Message: long},
		},
		"E3: a message of 1025 bytes is cut": {
			body: message(long + "x"),
			want: execution.Event{Reason: "R", Message: long[:1021] + "…"},
		},
		"E3: a message is cut between runes": {
			body: message(strings.Repeat("é", 600)),
			want: execution.Event{Reason: "R", Message: strings.Repeat("é", 510) + "…"},
		},
		"E4: without arguments the message is literal": {
			body: message("100% %s %% %d"),
			want: execution.Event{Reason: "R", Message: "100% %s %% %d"},
		},
		"E4: a percent sign at the end": {
			body: message("%s is 100%", "this"),
			want: execution.Event{Reason: "R", Message: "this is 100%"},
		},
		"E5: widths and positions are no verbs": {
			body: message("%999999[1]s %-5d %+v %x %s", "a"),
			want: execution.Event{Reason: "R", Message: "%999999[1]s %-5d %+v %x a"},
		},
		"E5: what the arguments expand to is cut": {
			body: message("%s%s", long, long),
			want: execution.Event{Reason: "R", Message: long[:1021] + "…"},
		},
		"E6: a verb without argument stays": {
			body: message("%s and %s", "a"),
			want: execution.Event{Reason: "R", Message: "a and %s"},
		},
		"all verbs, in order": {
			body: message("%s %d %v %q %%", "a", "1", "true", `q"q`),
			want: execution.Event{Reason: "R", Message: `a 1 true "q\"q" %`},
		},
		"two percent signs before a letter are one": {
			body: message("%%s %s", "a"),
			want: execution.Event{Reason: "R", Message: "%s a"},
		},
		"an argument is not expanded itself": {
			body: message("%s %s", "%s", "b"),
			want: execution.Event{Reason: "R", Message: "%s b"},
		},
		"E8: sixteen arguments": {
			body: message(strings.Repeat("%s", 16), strings.Split(strings.Repeat("a", 16), "")...),
			want: execution.Event{Reason: "R", Message: strings.Repeat("a", 16)},
		},
		"E11: control characters and colours are made visible": {
			body: `{"reason":"R","message":"\u001b[31mred\u001b[0m\n\tnext\u0000\u007f\u009b"}`,
			want: execution.Event{Reason: "R", Message: `\u001b[31mred\u001b[0m\u000a\u0009next\u0000\u007f\u009b`},
		},
		"E11: in arguments too": {
			body: `{"reason":"R","message":"%s","args":["\u001b[2J"]}`,
			want: execution.Event{Reason: "R", Message: `\u001b[2J`},
		},
		"E11: text that turns around": {
			body: `{"reason":"R","message":"a\u202eb"}`,
			want: execution.Event{Reason: "R", Message: `a\u202eb`},
		},
		"letters beyond ASCII stay": {
			body: `{"reason":"R","message":"Gerät ☃ 😀"}`,
			want: execution.Event{Reason: "R", Message: "Gerät ☃ 😀"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := DecodeEvent([]byte(tt.body), strings.Clone)
			if err != nil {
				t.Fatalf("DecodeEvent: %v", err)
			}
			if got != tt.want {
				t.Errorf("DecodeEvent: got %+v, want %+v", got, tt.want)
			}
		})
	}
}

func TestDecodeEventRefuses(t *testing.T) {
	tests := map[string]struct {
		body string

		wantPath    string
		wantMessage string
	}{
		"nothing":                           {body: ``, wantMessage: "must be JSON"},
		"E1: null":                          {body: `null`, wantPath: "reason", wantMessage: "UpperCamelCase"},
		"E1: an empty object":               {body: `{}`, wantPath: "reason", wantMessage: "UpperCamelCase"},
		"E1: a list":                        {body: `[]`, wantMessage: "must be an object, not array"},
		"E1: a string":                      {body: `"x"`, wantMessage: "must be an object, not string"},
		"a truncated object":                {body: `{"reason":"R"`, wantMessage: "must be JSON"},
		"text behind the object":            {body: `{"reason":"R","message":"m"} x`, wantMessage: "must be JSON"},
		"a byte order mark":                 {body: "\uFEFF" + `{"reason":"R","message":"m"}`, wantMessage: "must be JSON"},
		"a form":                            {body: `reason=R&message=m`, wantMessage: "must be JSON"},
		"E20: a type":                       {body: `{"type":"Warning","reason":"R","message":"m"}`, wantPath: "type", wantMessage: `a warning must be written as "warning": true`},
		"E20: a note":                       {body: `{"reason":"R","note":"m"}`, wantPath: "note", wantMessage: `the text must be written as "message"`},
		"E20: parameters":                   {body: `{"reason":"R","message":"m","params":[]}`, wantPath: "params", wantMessage: `must be written as "args"`},
		"E20: a result":                     {body: `{"disk":[{"value":1}]}`, wantPath: "disk", wantMessage: "this looks like a result: send results to the URL in CALLBACK_SERVICE_RESULT_URL"},
		"E20: single quotes":                {body: `{'reason':'R','message':'m'}`, wantMessage: "must be in double quotes"},
		"E20: a line of text":               {body: `disk full`, wantMessage: "must be JSON"},
		"E2: no reason":                     {body: `{"message":"m"}`, wantPath: "reason", wantMessage: "UpperCamelCase"},
		"E2: a null reason":                 {body: `{"reason":null,"message":"m"}`, wantPath: "reason", wantMessage: "UpperCamelCase"},
		"E2: a reason in lower case":        {body: `{"reason":"r","message":"m"}`, wantPath: "reason", wantMessage: "UpperCamelCase"},
		"E2: a reason of two words":         {body: `{"reason":"A b","message":"m"}`, wantPath: "reason", wantMessage: "UpperCamelCase"},
		"E2: a reason with a line break":    {body: `{"reason":"A\n","message":"m"}`, wantPath: "reason", wantMessage: "UpperCamelCase"},
		"E2: a reason beyond ASCII":         {body: `{"reason":"É","message":"m"}`, wantPath: "reason", wantMessage: "UpperCamelCase"},
		"E2: a reason of 129 letters":       {body: `{"reason":"` + strings.Repeat("R", 129) + `","message":"m"}`, wantPath: "reason", wantMessage: "UpperCamelCase"},
		"E3: no message":                    {body: `{"reason":"R"}`, wantPath: "message", wantMessage: "must not be empty"},
		"E3: a message of spaces":           {body: `{"reason":"R","message":"  "}`, wantPath: "message", wantMessage: "must not be empty"},
		"E3: nothing but an empty argument": {body: `{"reason":"R","message":"%s","args":[""]}`, wantPath: "message", wantMessage: "must not be empty"},
		"E6: an argument too many":          {body: message("%s", "a", "b"), wantPath: "args", wantMessage: "at most 1 elements, one for each verb"},
		"E6: an argument without a verb":    {body: message("100%", "a"), wantPath: "args", wantMessage: "at most 0 elements, one for each verb"},
		"E7: a number as argument":          {body: `{"reason":"R","message":"%d","args":[1]}`, wantPath: "args", wantMessage: "must be a string, not number"},
		"E7: an object as argument":         {body: `{"reason":"R","message":"%v","args":[{}]}`, wantPath: "args", wantMessage: "must be a string, not object"},
		"E7: null as argument":              {body: `{"reason":"R","message":"%s","args":[null]}`, wantPath: "args[0]", wantMessage: "not null"},
		"E7: no list of arguments":          {body: `{"reason":"R","message":"%s","args":"a"}`, wantPath: "args", wantMessage: "must be a list, not string"},
		"E8: seventeen arguments":           {body: message(strings.Repeat("%s", 17), make([]string, 17)...), wantPath: "args", wantMessage: "at most 16"},
		"E8: a thousand arguments":          {body: message("m", make([]string, 1000)...), wantPath: "args", wantMessage: "at most 16"},
		"E9: a warning that is a string":    {body: `{"warning":"yes","reason":"R","message":"m"}`, wantPath: "warning", wantMessage: "must be true or false, not string"},
		"E12: an unknown field":             {body: `{"foo":1,"reason":"R","message":"m"}`, wantPath: "foo", wantMessage: `unknown field "foo"`},
		"E12: a field in upper case":        {body: `{"Reason":"R","message":"m"}`, wantPath: "Reason", wantMessage: `unknown field "Reason"`},
		"a field that is there twice":       {body: `{"reason":"R","reason":"S","message":"m"}`, wantPath: "reason", wantMessage: `duplicate field "reason"`},
		"E10: an action that is too long":   {body: `{"action":"` + strings.Repeat("A", 129) + `","reason":"R","message":"m"}`, wantPath: "action", wantMessage: "at most 128"},
		"E16: an object of its own":         {body: `{"involvedObject":{"kind":"Node"},"reason":"R","message":"m"}`, wantPath: "involvedObject", wantMessage: "unknown field"},
		"E16: a namespace":                  {body: `{"namespace":"kube-system","reason":"R","message":"m"}`, wantPath: "namespace", wantMessage: "unknown field"},
		"E16: a related object":             {body: `{"related":{},"reason":"R","message":"m"}`, wantPath: "related", wantMessage: "unknown field"},
		"invalid UTF-8":                     {body: "{\"reason\":\"R\",\"message\":\"\xff\"}", wantMessage: "must be UTF-8"},
		"fifteen thousand opened lists":     {body: strings.Repeat("[", 15_000), wantMessage: "must be JSON"},
		"two unknown fields are both told":  {body: `{"foo":1,"bar":1,"reason":"R","message":"m"}`, wantPath: "foo", wantMessage: `unknown field "bar"`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := DecodeEvent([]byte(tt.body), strings.Clone)
			var invalid *execution.InvalidError
			if !errors.As(err, &invalid) {
				t.Fatalf("DecodeEvent: got %+v, %v, want an InvalidError", got, err)
			}
			if invalid.Path != tt.wantPath || !strings.Contains(invalid.Message, tt.wantMessage) {
				t.Errorf("DecodeEvent: got %q, %q, want %q and a message with %q", invalid.Path, invalid.Message, tt.wantPath, tt.wantMessage)
			}
		})
	}
}

// The expanded message is redacted, not its JSON text.
func TestCredentialsOfAnEvent(t *testing.T) {
	redact := strings.NewReplacer("SECRET", "******").Replace
	tests := map[string]struct {
		body, wantAction, wantMessage string
	}{
		"in the message":                      {body: message("the SECRET is out"), wantMessage: "the ****** is out"},
		"written with an escape":              {body: `{"reason":"R","message":"the \u0053ECRET is out"}`, wantMessage: "the ****** is out"},
		"in an argument":                      {body: message("the %s is out", "SECRET"), wantMessage: "the ****** is out"},
		"put together from two arguments":     {body: message("the %s%s is out", "SEC", "RET"), wantMessage: "the ****** is out"},
		"in the action":                       {body: `{"reason":"R","action":"\u0053ECRET","message":"m"}`, wantAction: "******", wantMessage: "m"},
		"cut off where the message is to end": {body: message(strings.Repeat("m", maxEventMessage-3) + "SECRET"), wantMessage: execution.Truncate(strings.Repeat("m", maxEventMessage-3)+"******", maxEventMessage)},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := DecodeEvent([]byte(tt.body), redact)
			if err != nil || got.Action != tt.wantAction || got.Message != tt.wantMessage {
				t.Errorf("DecodeEvent: got action %q, message %q, %v, want %q, %q", got.Action, got.Message, err, tt.wantAction, tt.wantMessage)
			}
		})
	}
}

func TestMaximumOfAMessageIsThatOfTheAPIServer(t *testing.T) {
	if maxEventMessage != kube.MaxEventMessage {
		t.Errorf("got %d bytes, want %d as in package kube", maxEventMessage, kube.MaxEventMessage)
	}
}

func FuzzDecodeEvent(f *testing.F) {
	f.Add(`{"warning": true, "reason": "TestReason", "message": "test message: %s", "args": ["a1"]}`)
	f.Add(`{"reason":"R","message":"\ud800\u001b%%%q%","args":["\u0000"]}`)
	f.Add(`null`)
	f.Fuzz(func(t *testing.T, body string) {
		event, err := DecodeEvent([]byte(body), strings.Clone)
		var invalid *execution.InvalidError
		if err != nil {
			if !errors.As(err, &invalid) {
				t.Errorf("error: got %v, want an InvalidError", err)
			}
			return
		}
		if event.Message == "" || len(event.Message) > maxEventMessage || !utf8.ValidString(event.Message) {
			t.Errorf("message: got %q", event.Message)
		}
		if strings.ContainsFunc(event.Message, isControl) || !eventReason.MatchString(event.Reason) {
			t.Errorf("event: got %+v", event)
		}
	})
}
