//go:build e2e

package suite

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// chatterRounds is how often a chatting pod sends each kind of callback, at one round a
// second.
const chatterRounds = 15

// chatterScript sends callbacks as simple scripts do: every curl has neither --retry nor a
// timeout. The script logs the status and duration of each request, and the time and body of
// each failed one.
var chatterScript = waitForService + `failed=
say() {
  what=$1; shift
  curl --fail-with-body -sS -o /tmp/answer -w "$what %{http_code} %{time_total}\n" "$@" && return
  failed=yes; echo "$(date -u +%T) $(cat /tmp/answer)"
}
round=1
while [ $round -le ` + strconv.Itoa(chatterRounds) + ` ]; do
  say event -d "{\"reason\": \"Round\", \"message\": \"round $round\"}" "$CALLBACK_SERVICE_EVENT_URL"
  say result -d "{\"test\": [{\"value\": $round}]}" "$CALLBACK_SERVICE_RESULT_URL"
  say file --data-binary "round $round of $NODE_NAME" "$CALLBACK_SERVICE_FILE_URL?name=round-$round.txt"
  sleep 1
  round=$((round + 1))
done
[ -z "$failed" ]
`

// answers are the responses to the curls of one or more pods.
type answers struct {
	byStatus map[string]int
	bad      []string // log lines of responses other than 200
	longest  time.Duration
}

func (a answers) total() int {
	n := 0
	for _, count := range a.byStatus {
		n += count
	}
	return n
}

func (a *answers) add(node, log string) {
	for line := range strings.Lines(log) {
		fields := strings.Fields(line)
		if len(fields) != 3 || !slices.Contains([]string{"result", "file", "event"}, fields[0]) {
			a.bad = append(a.bad, node+": "+strings.TrimSpace(line)) // curl's error message
			continue
		}
		a.byStatus[fields[1]]++
		if fields[1] != "200" {
			a.bad = append(a.bad, node+": "+strings.TrimSpace(line))
		}
		if seconds, err := strconv.ParseFloat(fields[2], 64); err == nil {
			a.longest = max(a.longest, time.Duration(seconds*float64(time.Second)))
		}
	}
}

// waitForChatter waits until pods on the given number of nodes have finished a round.
func (s scenario) waitForChatter(t *testing.T, ctx context.Context, id execution.ID, nodes int) {
	t.Helper()
	eventually(t, ctx, func() error {
		pods, err := s.JobPods(ctx, id)
		if err != nil {
			return err
		}
		spoke := 0
		for _, pod := range pods {
			if strings.Contains(podLog(ctx, pod), "file ") {
				spoke++
			}
		}
		if spoke < nodes {
			return fmt.Errorf("pods on %d nodes have finished a round, want %d", spoke, nodes)
		}
		return nil
	})
}

// chatter returns the responses to all pods of an execution.
func (s scenario) chatter(t *testing.T, ctx context.Context, id execution.ID) answers {
	t.Helper()
	pods, err := s.JobPods(ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	a := answers{byStatus: map[string]int{}}
	for node, pod := range pods {
		log, err := containerLog(ctx, pod, "job")
		if err != nil {
			t.Errorf("node %s: %v", node, err)
		}
		a.add(node, log)
	}
	return a
}
