set -eu
cd /tmp
echo "the job on $NODE_NAME speaks"
env | curl -fsS --data-binary @- "$CALLBACK_SERVICE_FILE_URL?name=env-job.txt"

# What is not simply taken. A line each: what it was, and the status.
try() {
  what=$1
  shift
  echo "$what $(curl -s -o /dev/null -w '%{http_code}' "$@")" >>statuses.txt
}
other_node=$(echo "$CALLBACK_SERVICE_RESULT_URL" | sed "s|/report/$NODE_NAME/|/report/no-such-node/|")
other_execution=$(echo "$CALLBACK_SERVICE_RESULT_URL" | sed "s|/$EXECUTION_ID/|/20010203040506/|")
head -c 1100000 /dev/zero | tr '\0' ' ' >large.json
try unknown-node -d '{}' "$other_node"
try unknown-execution -d '{}' "$other_execution"
try result-by-GET "$CALLBACK_SERVICE_RESULT_URL"
try file-by-PUT -X PUT -d 'text' "$CALLBACK_SERVICE_FILE_URL?name=put.txt"
try event-by-GET "$CALLBACK_SERVICE_EVENT_URL"
try malformed-result -d '{"test": [' "$CALLBACK_SERVICE_RESULT_URL"
try malformed-event -d '{"reason": "notUpperCamelCase", "message": "x"}' "$CALLBACK_SERVICE_EVENT_URL"
try large-result --data-binary @large.json "$CALLBACK_SERVICE_RESULT_URL"
try large-event --data-binary @large.json "$CALLBACK_SERVICE_EVENT_URL"

# A file named in each of the four ways.
echo "by query from $NODE_NAME" | curl -fsS --data-binary @- "$CALLBACK_SERVICE_FILE_URL?name=by-query.txt"
echo "by header from $NODE_NAME" | curl -fsS --data-binary @- \
  -H 'Content-Disposition: attachment; filename="by-header.txt"' "$CALLBACK_SERVICE_FILE_URL"
echo "by form from $NODE_NAME" >by-form.txt
curl -fsS -F "file=@by-form.txt" "$CALLBACK_SERVICE_FILE_URL"
echo "nameless from $NODE_NAME" | curl -fsS -H 'Content-Type: text/plain' --data-binary @- "$CALLBACK_SERVICE_FILE_URL" >nameless.json
curl -fsS --data-binary @nameless.json "$CALLBACK_SERVICE_FILE_URL?name=nameless.json"

curl -fsS -H 'Content-Type: application/json' --data-binary @/tour/event-simple.json "$CALLBACK_SERVICE_EVENT_URL"
curl -fsS -H 'Content-Type: application/json' --data-binary @/tour/event-args.json "$CALLBACK_SERVICE_EVENT_URL"
try repeated-event --data-binary @/tour/event-simple.json "$CALLBACK_SERVICE_EVENT_URL"
curl -fsS -H 'Content-Type: application/json' --data-binary @/tour/result.json "$CALLBACK_SERVICE_RESULT_URL"
curl -fsS --data-binary @statuses.txt "$CALLBACK_SERVICE_FILE_URL?name=statuses.txt"

sleep 2 # so that two pods are seen running at once
