package app

import (
	"encoding/json"
	"strings"
)

func refuseEvent(body string, status int, says ...string) badRequest {
	return badRequest{path: "{task}/event", body: body, status: status, says: says}
}

// takeEvent is an event that is written about the node's Job.
func takeEvent(body, message string) badRequest {
	return badRequest{path: "{task}/event", body: body, status: 200, leaves: leftovers{Events: []string{"1×Job jobs Normal/R: " + message}}}
}

// eventOf is an event as a pod sends it.
func eventOf(message string, args ...string) string {
	event := map[string]any{"reason": "R", "message": message}
	if len(args) > 0 {
		event["args"] = args
	}
	text, err := json.Marshal(event)
	if err != nil {
		panic(err) // it is made of strings
	}
	return string(text)
}

// badEvents are the events.
func badEvents() badInputs {
	const good = `"reason":"R","message":"m"`
	with := func(field string) string { return "{" + field + "," + good + "}" }
	long := strings.Repeat("x", 1024)
	reason := func(reason string) badRequest {
		return refuseEvent(`{"reason":`+reason+`,"message":"m"}`, 400, `"path":"reason"`, "UpperCamelCase")
	}
	thrice := badRequests{takeEvent(eventOf("m"), "m"), takeEvent(eventOf("m"), "m"), takeEvent(eventOf("m"), "m")}
	thrice[1].leaves.Events, thrice[2].leaves.Events = []string{"2×Job jobs Normal/R: m"}, []string{"3×Job jobs Normal/R: m"}
	ofPod := takeEvent(eventOf("m"), "m")
	ofPod.hasPod, ofPod.leaves.Events = true, []string{"1×Pod jobs Normal/R: m"}
	warning := takeEvent(with(`"warning":true`), "m")
	warning.leaves.Events = []string{"1×Job jobs Warning/R: m"}
	acting, lengthy := takeEvent(with(`"action":"Mount a disk"`), "m by Mount a disk"), takeEvent(with(`"action":"`+strings.Repeat("A", 128)+`"`), "m by "+strings.Repeat("A", 128))
	killing := takeEvent(`{"reason":"Killing","message":"m"}`, "m")
	killing.leaves.Events = []string{"1×Job jobs Normal/Killing: m"}
	denied := refuseEvent(eventOf(deniedMessage), 503, "temporarily unavailable", "Retry-After")
	denied.logs = []string{"event of a pod not written"}
	var thirty badRequests
	for i := range 30 {
		next := takeEvent(eventOf("m"), "m")
		next.isOneOf = i < 29
		thirty = append(thirty, next)
	}
	thirty[29].leaves.Events = []string{"30×Job jobs Normal/R: m"}
	tooMany := refuseEvent(eventOf("m"), 403, "limit reached", "eventsPerTask")
	tooMany.leaves = thirty[29].leaves
	return badInputs{
		"E1": {
			"null":            refuseEvent("null", 400, "reason"),
			"an empty object": refuseEvent("{}", 400, "reason"),
			"a list":          refuseEvent("[]", 400, "must be an object"),
			"nothing":         refuseEvent("", 400, "must be JSON"),
		},
		"E2": {
			"no reason":             refuseEvent(`{"message":"m"}`, 400, `"path":"reason"`),
			"lower case":            reason(`"r"`),
			"two words":             reason(`"A b"`),
			"129 letters":           reason(`"` + strings.Repeat("R", 129) + `"`),
			"a letter beyond ASCII": reason(`"É"`),
		},
		"E3": {
			"no message":              refuseEvent(`{"reason":"R"}`, 400, `"path":"message"`),
			"a message of 1024 bytes": takeEvent(eventOf(long), long),
			"a message of 1025 bytes": takeEvent(eventOf(long+"x"), long[:1021]+"…"),
			"a message of 1 MiB":      refuseEvent(eventOf(strings.Repeat("x", 1<<20)), 413, "too large"),
		},
		"E4": {"a percent sign without arguments": takeEvent(eventOf("100% %s"), "100% %s")},
		"E5": {
			"a width, a hundred times": takeEvent(eventOf(strings.Repeat("%999999[1]s", 100)+"%s", "a"), (strings.Repeat("%999999[1]s", 100))[:1021]+"…"),
			"long arguments":           takeEvent(eventOf("%s%s", long, long), long[:1021]+"…"),
		},
		"E6": {
			"an argument too few":  takeEvent(eventOf("%s and %s", "a"), "a and %s"),
			"an argument too many": refuseEvent(eventOf("%s", "a", "b"), 400, `"path":"args"`),
		},
		"E7": {
			"a number as argument": refuseEvent(`{"reason":"R","message":"%d","args":[1]}`, 400, "must be a string, not number"),
			"null as argument":     refuseEvent(`{"reason":"R","message":"%s","args":[null]}`, 400, `"path":"args[0]"`),
			"a text as arguments":  refuseEvent(`{"reason":"R","message":"%s","args":"a"}`, 400, "must be a list"),
		},
		"E8": {"1000 arguments": refuseEvent(eventOf(strings.Repeat("%s", 1000), make([]string, 1000)...), 400, "at most 16")},
		"E9": {
			"a warning in quotes": refuseEvent(with(`"warning":"yes"`), 400, `"path":"warning"`, "must be true or false"),
			"a warning":           warning,
		},
		"E10": {
			"an action":                   acting,
			"an empty action":             takeEvent(with(`"action":""`), "m"),
			"an action of 128 bytes":      lengthy,
			"an action of 129 bytes":      refuseEvent(with(`"action":"`+strings.Repeat("A", 129)+`"`), 400, `"path":"action"`, "at most 128"),
			"an action with a line break": refuseEvent(with(`"action":"a\nb"`), 400, `"path":"action"`, "plain text"),
			"an action that is a number":  refuseEvent(with(`"action":1`), 400, `"path":"action"`, "must be a string"),
		},
		"E11": {
			"colours and other controls": takeEvent(eventOf("\x1b[31mred\n\x00"), `\u001b[31mred\u000a\u0000`),
			"an argument with them":      takeEvent(eventOf("%s", "\x1b[2J"), `\u001b[2J`),
			"text that turns around":     takeEvent(eventOf("a\u202eb"), `a\u202eb`),
		},
		"E20": {
			"a type":        refuseEvent(with(`"type":"Warning"`), 400, `"path":"type"`, `\"warning\": true`),
			"a result":      refuseEvent(`{"test":[{"value":1}]}`, 400, `"path":"test"`, "CALLBACK_SERVICE_RESULT_URL"),
			"single quotes": refuseEvent(`{'reason':'R'}`, 400, "must be in double quotes"),
		},
		"E12": {
			"an unknown field":    refuseEvent(with(`"foo":1`), 400, `"path":"foo"`, "unknown field"),
			"a field in capitals": refuseEvent(`{"Reason":"R","message":"m"}`, 400, `"path":"Reason"`),
			"a field twice":       refuseEvent(with(`"reason":"S"`), 400, "duplicate field"),
		},
		"E13": {"a pod that is gone": takeEvent(eventOf("m"), "m")},
		"E14": {"the 31st event": append(thirty, tooMany)},
		"E15": {"the same event three times": thrice},
		"E16": {
			"a related object":     refuseEvent(with(`"related":{}`), 400, `"path":"related"`),
			"a namespace":          refuseEvent(with(`"namespace":"kube-system"`), 400, `"path":"namespace"`),
			"an object of its own": refuseEvent(with(`"involvedObject":{"kind":"Node"}`), 400, `"path":"involvedObject"`),
		},
		"E17": {"the API server denies it": denied},
		"E18": {"a pod that has only just come": ofPod},
		"E19": {
			"a denied callback":     refuseEvent(`{"reason":"CallbackDenied","message":"m"}`, 400, `"path":"reason"`, "reserved for events of the controller"),
			"a start that failed":   refuseEvent(`{"reason":"NotStarted","message":"m"}`, 400, `"path":"reason"`, "such as JobNotStarted"),
			"a word of the kubelet": killing,
		},
	}
}
