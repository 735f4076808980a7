package payload

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"unicode/utf8"

	strictjson "sigs.k8s.io/json"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

const (
	maxEventArgs    = 16
	maxEventMessage = 1024 // bytes: kube.MaxEventMessage, the API server's limit; more is cut
	maxEventAction  = 128  // bytes: the API server's limit; more is rejected
)

var eventReason = regexp.MustCompile(`^[A-Z][A-Za-z0-9]{0,127}$`)

// eventBody is the JSON of an event. Pointers distinguish null from a value.
type eventBody struct {
	Warning bool      `json:"warning"`
	Reason  string    `json:"reason"`
	Action  string    `json:"action"`
	Message string    `json:"message"`
	Args    []*string `json:"args"`
}

// DecodeEvent decodes an event, and rejects unknown fields. The message is expanded,
// redacted, escaped, and cut to maxEventMessage: a long message is no error.
func DecodeEvent(text []byte, redact func(string) string) (execution.Event, error) {
	var body eventBody
	if err := decodeStrict(text, &body); err != nil {
		return execution.Event{}, err
	}
	if !eventReason.MatchString(body.Reason) {
		return execution.Event{}, invalid("reason", "must be UpperCamelCase: a capital letter and at most 127 letters and digits")
	}
	if err := checkAction(body.Action); err != nil {
		return execution.Event{}, err
	}
	args, err := eventArgs(body.Args)
	if err != nil {
		return execution.Event{}, err
	}
	message, err := expand(body.Message, args)
	if err != nil {
		return execution.Event{}, err
	}
	if strings.TrimSpace(message) == "" {
		return execution.Event{}, invalid("message", "must not be empty")
	}
	return execution.Event{
		Warning: body.Warning,
		Reason:  body.Reason,
		Action:  redact(body.Action),
		Message: execution.Truncate(escape(redact(message)), maxEventMessage),
	}, nil
}

// checkAction validates the action, which may be empty.
func checkAction(action string) error {
	if len(action) > maxEventAction {
		return invalid("action", "is %d bytes long: must be at most %d", len(action), maxEventAction)
	}
	if escape(action) != action {
		return invalid("action", "has a control or formatting character: must be plain text, such as MountDisk")
	}
	return nil
}

func eventArgs(pointers []*string) ([]string, error) {
	if len(pointers) > maxEventArgs {
		return nil, invalid("args", "must have at most %d elements", maxEventArgs)
	}
	args := make([]string, len(pointers))
	for i, p := range pointers {
		if p == nil {
			return nil, invalid(fmt.Sprintf("args[%d]", i), "must be a string, not null")
		}
		args[i] = *p
	}
	return args, nil
}

// decodeStrict decodes JSON and rejects unknown fields, duplicate fields, and fields
// in another case than declared.
func decodeStrict(text []byte, into any) error {
	if !utf8.Valid(text) {
		return invalid("", "must be UTF-8")
	}
	strict, err := strictjson.UnmarshalStrict(text, into)
	var wrongType *json.UnmarshalTypeError
	switch {
	case errors.As(err, &wrongType):
		return invalid(wrongType.Field, "must be %s, not %s", typeName(wrongType.Type), wrongType.Value)
	case err != nil:
		return invalid("", "must be JSON: %s", withHint(err.Error(), text))
	case len(strict) == 0:
		return nil
	}
	path := ""
	var field strictjson.FieldError
	if errors.As(strict[0], &field) {
		path = field.FieldPath()
	}
	return invalid(path, "%s%s", errors.Join(strict...), likelyField(path, text))
}

func typeName(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.String:
		return "a string"
	case reflect.Slice:
		return "a list"
	default:
		return "an object"
	}
}
