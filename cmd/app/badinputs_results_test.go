package app

import (
	"fmt"
	"strings"
)

// refuseResult is a result that is refused and leaves nothing.
func refuseResult(body string, status int, says ...string) badRequest {
	return badRequest{body: body, status: status, says: says}
}

// takeResult is a result that is stored as it is and sets the gauges.
func takeResult(body string, values map[string]string) badRequest {
	return badRequest{body: body, status: 200, leaves: leftovers{Files: map[string]string{".json": body}, Values: values}}
}

// ofTest is a result with one sample.
func ofTest(sample string) string { return `{"test":[` + sample + `]}` }

// ofLabels is a result with one sample with labels.
func ofLabels(labels string) string { return ofTest(`{"value":1,"labels":` + labels + `}`) }

// badResults are the texts that are no result.
func badResults() badInputs {
	return badInputs{
		"R01": {
			"nothing":     refuseResult("", 400, "is empty"),
			"only spaces": refuseResult(" \r\n\t ", 400, "is empty"),
		},
		"R02": {"null": refuseResult("null", 400, "must be an object of gauges", "not null")},
		"R03": {"an empty object": takeResult("{}", nil)},
		"R04": {
			"a list":        refuseResult("[]", 400, "not a list"),
			"a text":        refuseResult(`"x"`, 400, "not text"),
			"a number":      refuseResult("1", 400, "not a number"),
			"a truth value": refuseResult("true", 400, "not true or false"),
		},
		"R05": {
			"cut off after a key":    refuseResult(`{"test":`, 400, "is invalid JSON"),
			"cut off before its end": refuseResult(`{"test":[{"value":1}]`, 400, "is invalid JSON"),
		},
		"R06": {
			"garbage behind it": refuseResult(ofTest(`{"value":1}`)+" x", 400, "is invalid JSON"),
			"two documents":     refuseResult(ofTest(`{"value":1}`)+ofTest(`{"value":2}`), 400, "is invalid JSON"),
		},
		"R07": {"a byte order mark": refuseResult("\ufeff"+ofTest(`{"value":1}`), 400, "BOM")},
		"R08": {
			"a comment":            refuseResult("// test\n"+ofTest(`{"value":1}`), 400, "is invalid JSON"),
			"a comma at the end":   refuseResult(ofTest(`{"value":1},`), 400, "is invalid JSON"),
			"single quotes":        refuseResult(`{'test':[{'value':1}]}`, 400, "is invalid JSON"),
			"a key without quotes": refuseResult(`{test:[{"value":1}]}`, 400, "is invalid JSON"),
		},
		"R09": {
			"10,001 lists in each other": refuseResult(strings.Repeat("[", 10_001)+strings.Repeat("]", 10_001), 400, "max depth"),
			"nine objects in each other": refuseResult(ofLabels(strings.Repeat(`{"label":`, 9)+"1"+strings.Repeat("}", 9)), 400, "must be text, not an object"),
		},
		"R10": {"an unknown gauge": refuseResult(`{"nosuch":[{"value":1}]}`, 400, `"path":"nosuch"`, "must be one of other, test")},
		"R11": {"an unknown gauge beside a known one": refuseResult(`{"test":[{"value":1}],"nosuch":[{"value":1}]}`, 400, `"path":"nosuch"`, "must be one of other, test")},
		"R12": {"a gauge without a name": refuseResult(`{"":[{"value":1}]}`, 400, "is not a configured gauge")},
		"R13": {
			"null instead of samples": refuseResult(`{"test":null}`, 400, `"path":"test"`, "must be a list"),
			"no sample":               refuseResult(`{"test":[]}`, 400, `"path":"test"`, "must not be empty"),
		},
		"R14": {"an object instead of samples": refuseResult(`{"test":{}}`, 400, `"path":"test"`, "must be a list")},
		"R15": {"a sample that is null": refuseResult(ofTest("null"), 400, `"path":"test[0]"`, "must be an object")},
		"R16": {"a sample without a value": refuseResult(ofTest("{}"), 400, `"path":"test[0]"`, "value is missing")},
		"R17": {"a value that is null": refuseResult(ofTest(`{"value":null}`), 400, `"path":"test[0].value"`, "must be a number, not null")},
		"R18": {
			"a number in quotes":          refuseResult(ofTest(`{"value":"1"}`), 400, "must be a number, not text"),
			"a truth value":               refuseResult(ofTest(`{"value":true}`), 400, "must be a number, not true or false"),
			"a value that is an object":   refuseResult(ofTest(`{"value":{}}`), 400, "must be a number, not an object"),
			"wrong only in the last of 3": refuseResult(ofTest(`{"value":1,"labels":{"label":"a"}},{"value":2,"labels":{"label":"b"}},{"value":"3"}`), 400, `"path":"test[2].value"`),
		},
		"R19": {
			"not a number":      refuseResult(ofTest(`{"value":NaN}`), 400, "is invalid JSON"),
			"infinity":          refuseResult(ofTest(`{"value":Infinity}`), 400, "is invalid JSON"),
			"negative infinity": refuseResult(ofTest(`{"value":-Infinity}`), 400, "is invalid JSON"),
		},
		"R20": {"not a number, in quotes": refuseResult(ofTest(`{"value":"NaN"}`), 400, "must be a number, not text")},
		"R21": {
			"a number that is too large":    refuseResult(ofTest(`{"value":1e999}`), 400, "is out of range"),
			"a number that is too negative": refuseResult(ofTest(`{"value":-1e999}`), 400, "is out of range"),
		},
		"R22": {"a number that is too small": takeResult(ofTest(`{"value":1e-999}`), map[string]string{"test ": "0"})},
		"R23": {"29 digits": takeResult(ofTest(`{"value":12345678901234567890123456789}`), map[string]string{"test ": "1.2345678901234568e+28"})},
		"R24": {
			"minus zero":          takeResult(ofTest(`{"value":-0}`), map[string]string{"test ": "0"}),
			"the smallest number": takeResult(ofTest(`{"value":5e-324}`), map[string]string{"test ": "5e-324"}),
			"the largest number":  takeResult(ofTest(`{"value":1.7976931348623157e308}`), map[string]string{"test ": "1.7976931348623157e+308"}),
		},
		"R25": {
			"a hexadecimal number":  refuseResult(ofTest(`{"value":0x10}`), 400, "is invalid JSON"),
			"a zero in front":       refuseResult(ofTest(`{"value":01}`), 400, "is invalid JSON"),
			"a point at the end":    refuseResult(ofTest(`{"value":1.}`), 400, "is invalid JSON"),
			"a plus sign":           refuseResult(ofTest(`{"value":+1}`), 400, "is invalid JSON"),
			"an underscore between": refuseResult(ofTest(`{"value":1_000}`), 400, "is invalid JSON"),
		},
	}
}

// badSamples are the results that are not what is configured, or too much.
func badSamples() badInputs {
	samples := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, `{"value":%d,"labels":{"label":"%d"}},`, i, i)
		}
		return ofTest(strings.TrimSuffix(b.String(), ","))
	}
	asJSON := ofTest(`{"value":1}`)
	padded := func(size int) string { return asJSON + strings.Repeat(" ", size-len(asJSON)) }
	withHeader := func(r badRequest, lines ...string) badRequest {
		r.header = lines
		return r
	}
	one := map[string]string{"test ": "1"}
	whole := takeResult(padded(1<<20), one)
	whole.leaves.Files = map[string]string{".json": "1048576 bytes"}
	chunked := refuseResult("", 413, "too large")
	chunked.stream = chunks(1<<20+1, '{')
	return badInputs{
		"R26": {
			"a value twice":          refuseResult(ofTest(`{"value":1,"value":2}`), 400, `"path":"test[0].value"`, "occurs twice"),
			"a gauge twice":          refuseResult(`{"test":[{"value":1}],"test":[{"value":2}]}`, 400, `"path":"test"`, "occurs twice"),
			"a label twice":          refuseResult(ofLabels(`{"label":"a","label":"b"}`), 400, "occurs twice"),
			"a gauge twice, escaped": refuseResult(`{"test":[{"value":1}],"\u0074est":[{"value":2}]}`, 400, "occurs twice"),
		},
		"R27": {"a key in capitals": refuseResult(ofTest(`{"VALUE":3}`), 400, `"path":"test[0].VALUE"`, "must be value or labels")},
		"R28": {"a key too many": refuseResult(ofTest(`{"value":1,"ts":1}`), 400, `"path":"test[0].ts"`, "must be value or labels")},
		"R29": {
			"an unknown label":                 refuseResult(ofLabels(`{"nosuch":"a"}`), 400, `"path":"test[0].labels.nosuch"`, "must be one of label"),
			"a label of a gauge that has none": refuseResult(`{"other":[{"value":1,"labels":{"label":"a"}}]}`, 400, "the gauge has none"),
		},
		"R30": {
			"no labels":          takeResult(asJSON, one),
			"labels of null":     takeResult(ofLabels("null"), one),
			"labels without any": takeResult(ofLabels("{}"), one),
		},
		"R31": {
			"the node's own labels": takeResult(ofLabels(`{"label":"a","node":"{node}","executionID":"{execution}"}`), map[string]string{"test a": "1"}),
			"another node":          refuseResult(ofLabels(`{"node":"a"}`), 400, `"path":"test[0].labels.node"`, "must be"),
			"another execution":     refuseResult(ofLabels(`{"executionID":"20200101000000"}`), 400, "must be"),
			"the latest execution":  refuseResult(ofLabels(`{"executionID":"latest"}`), 400, "must be"),
		},
		"R41": {
			"the text format of Prometheus": refuseResult("# TYPE test gauge\ntest 1\n", 400, "this is the Prometheus text format"),
			"single quotes":                 refuseResult(`{'test':[{'value':1}]}`, 400, "must be in double quotes"),
			"the name of a file":            refuseResult("/tmp/result.json", 400, "this is a file name"),
			"a file":                        refuseResult("PK\x03\x04", 400, "CALLBACK_SERVICE_FILE_URL"),
			"an event":                      refuseResult(`{"reason":"R","message":"m"}`, 400, `"path":"reason"`, "CALLBACK_SERVICE_EVENT_URL"),
			"the prefix of a gauge":         refuseResult(`{"bad_test":[{"value":1}]}`, 400, `"path":"bad_test"`, `must be \"test\"`),
			"a number as a gauge":           refuseResult(`{"test":5}`, 400, `"path":"test"`, `[{\"value\": 5}]`),
			"labels as a text":              refuseResult(ofLabels(`"label=x"`), 400, "must be an object such as", "not text"),
		},
		"R32": {
			"a label that is a number": refuseResult(ofLabels(`{"label":1}`), 400, "must be text, not a number"),
			"a label that is null":     refuseResult(ofLabels(`{"label":null}`), 400, "must be text, not null"),
			"a label that is a list":   refuseResult(ofLabels(`{"label":["a"]}`), 400, "must be text, not a list"),
			"labels that are a list":   refuseResult(ofLabels(`["a"]`), 400, "must be an object"),
		},
		"R33": {
			"half a surrogate pair": refuseResult(ofLabels(`{"label":"\ud800"}`), 400, "surrogate"),
			"the halves exchanged":  refuseResult(ofLabels(`{"label":"\ude00\ud83d"}`), 400, "surrogate"),
			"invalid UTF-8":         refuseResult(ofLabels("{\"label\":\"a\xff\"}"), 400, "UTF-8"),
			"a whole pair":          takeResult(ofLabels(`{"label":"\ud83d\ude00"}`), map[string]string{"test 😀": "1"}),
		},
		"R34": {
			"NUL":                    refuseResult(ofLabels(`{"label":"a\u0000"}`), 400, "control or formatting character at byte 1"),
			"a new line":             refuseResult(ofLabels(`{"label":"a\nb"}`), 400, "control or formatting character at byte 1"),
			"escape":                 refuseResult(ofLabels(`{"label":"\u001b[31m"}`), 400, "control or formatting character at byte 0"),
			"right-to-left override": refuseResult(ofLabels(`{"label":"a\u202eb"}`), 400, "control or formatting character at byte 1"),
			"a zero-width space":     refuseResult(ofLabels(`{"label":"a\u200bb"}`), 400, "control or formatting character at byte 1"),
		},
		"R35": {
			"128 bytes":    takeResult(ofLabels(`{"label":"`+strings.Repeat("x", 128)+`"}`), map[string]string{"test " + strings.Repeat("x", 128): "1"}),
			"129 bytes":    refuseResult(ofLabels(`{"label":"`+strings.Repeat("x", 129)+`"}`), 400, "129 bytes long", "at most 128"),
			"almost 1 MiB": refuseResult(ofLabels(`{"label":"`+strings.Repeat("x", 1_000_000)+`"}`), 400, "1000000 bytes long", "…"),
		},
		"R36": {
			"the same labels twice":          refuseResult(ofTest(`{"value":1,"labels":{"label":"a"}},{"value":2,"labels":{"label":"a"}}`), 400, `"path":"test[1]"`, "has the labels of another sample"),
			"no labels twice":                refuseResult(`{"other":[{"value":1},{"value":2}]}`, 400, `"path":"other[1]"`, "has the labels of another sample"),
			"no label and one that is empty": refuseResult(ofTest(`{"value":1},{"value":2,"labels":{"label":""}}`), 400, "has the labels of another sample"),
		},
		"R37": {
			"101 label sets of one gauge": refuseResult(samples(101), 400, "limit of 100 label sets"),
			"1,001 samples":               refuseResult(samples(1001), 400, "limit of 100 label sets"),
			"200,000 samples":             refuseResult(samples(200_000), 413, "too large"),
		},
		"R38": {
			"1 MiB":                       whole,
			"1 MiB and a byte":            refuseResult(padded(1<<20+1), 413, "at most 1048576 bytes"),
			"1 MiB and a byte, in chunks": chunked,
		},
		"R39": {
			"called XML":            withHeader(takeResult(asJSON, one), "Content-Type: text/xml"),
			"called nothing":        takeResult(asJSON, one),
			"called what curl says": withHeader(takeResult(asJSON, one), "Content-Type: application/x-www-form-urlencoded"),
			"called nonsense":       withHeader(takeResult(asJSON, one), "Content-Type: ;;=/"),
			"called a form":         withHeader(refuseResult(asJSON, 415, "not multipart"), "Content-Type: multipart/form-data; boundary=x"),
		},
		"R40": {
			"said to be compressed": withHeader(refuseResult(asJSON, 415, "must not be compressed"), "Content-Encoding: gzip"),
			"compressed":            withHeader(refuseResult("\x1f\x8b\x08\x00\x00", 415, "must not be compressed"), "Content-Encoding: gzip"),
			"compressed in secret":  refuseResult("\x1f\x8b\x08\x00\x00", 400, "UTF-8"),
			"as it is":              withHeader(takeResult(asJSON, one), "Content-Encoding: identity"),
		},
	}
}
