package execution

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
)

// About says what an execution is, beside its results: it is written when the execution
// begins, so that they can be told apart and exported without its plan, also after its
// objects are gone.
type About struct {
	// NodeCronJob is the name of the definition.
	NodeCronJob string `json:"nodeCronJob"`
	Execution   Object `json:"execution,omitzero"`
	// Partial says that it is no execution over all nodes of its definition.
	Partial bool `json:"partial,omitempty"`
	// Latest says that the link to the newest report may point to it.
	Latest bool `json:"latest,omitempty"`
	// Reason is why the execution was asked for, and RequestedBy who asked, as its client says.
	Reason      string    `json:"reason,omitempty"`
	RequestedBy string    `json:"requestedBy,omitempty"`
	Intake      *Intake   `json:"intake,omitempty"`
	Retention   Retention `json:"retention,omitzero"`
}

// About returns what the execution of the plan is.
func (p Plan) About(latest bool) About {
	return About{
		NodeCronJob: p.NodeCronJob,
		Execution:   p.Execution,
		Partial:     p.Partial,
		Latest:      latest,
		Reason:      p.Reason,
		RequestedBy: p.RequestedBy,
		Intake:      p.Settings.Intake,
		Retention:   p.Retention,
	}
}

// The names and labels of gauges without which no scrape would succeed. Package config has
// the rules for users.
var (
	gaugeName  = regexp.MustCompile(`^[a-zA-Z0-9_:]+$`)
	gaugeLabel = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`)
)

// ParseAbout reads what an execution is. Fields that it does not know are those of a later
// version.
func ParseAbout(text []byte) (About, error) {
	var a About
	if err := json.Unmarshal(text, &a); err != nil {
		return About{}, fmt.Errorf("invalid JSON: %w", err)
	}
	if a.NodeCronJob == "" {
		return About{}, errors.New("nodeCronJob: is empty: must be the name of the definition")
	}
	if a.Intake == nil {
		return a, nil
	}
	names := map[string]bool{}
	for _, g := range a.Intake.Gauges {
		if names[g.Name] || !gaugeName.MatchString(g.Name) {
			return About{}, fmt.Errorf("intake.gauges: %q: must be the name of one metric", Truncate(g.Name, maxQuotedName))
		}
		names[g.Name] = true
		for _, label := range g.Labels {
			if !gaugeLabel.MatchString(label) {
				return About{}, fmt.Errorf("intake.gauges: %s: %q: must be the name of a label", g.Name, Truncate(label, maxQuotedName))
			}
		}
	}
	return a, nil
}

// maxQuotedName bounds a name of a damaged file that an error quotes.
const maxQuotedName = 64
