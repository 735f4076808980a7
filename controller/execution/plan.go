package execution

import (
	"encoding/json"
	"time"
)

// Trigger is what started an execution.
type Trigger string

// The triggers.
const (
	Cron    Trigger = "cron"    // a tick of cronExpression
	Startup Trigger = "startup" // the startup of the controller, with runOnStartup
	Manual  Trigger = "manual"  // a person
)

// Plan is the part of the record that never changes. Neither another leader nor a
// changed configuration alters a running execution.
type Plan struct {
	ID         ID        `json:"id"`
	Trigger    Trigger   `json:"trigger"`
	Scheduled  time.Time `json:"scheduled"`
	ConfigHash string    `json:"configHash"`
	// NodeCronJob is the name of the definition, with which the names of the objects begin.
	NodeCronJob string `json:"nodeCronJob,omitempty"`
	// Execution is the object that the plan was made for; empty: it has none.
	Execution Object `json:"execution,omitzero"`
	// Partial says that the nodes were narrowed: it is no execution over all nodes.
	Partial bool `json:"partial,omitempty"`
	// Reason is why the execution was asked for, and RequestedBy who asked, as its client says.
	Reason      string    `json:"reason,omitempty"`
	RequestedBy string    `json:"requestedBy,omitempty"`
	Retention   Retention `json:"retention,omitzero"`
	Settings    Settings  `json:"settings"`
	// Nodes in the order in which they get their slots. The order never changes
	// either: the pool relies on it when a leader is stale.
	Nodes   []Node `json:"nodes"`
	Skipped []Skip `json:"skipped,omitempty"`
	// Excluded is the number of nodes that match the selector and that the pod
	// template rules out.
	Excluded int `json:"excluded,omitempty"`
}

// Object names an Execution in the API server. The UID distinguishes it from another one of
// the same name.
type Object struct {
	Name string `json:"name"`
	UID  string `json:"uid"`
}

// Retention is how many of the newest executions of a definition are kept, if the
// definition is gone. Zero: the configuration applies.
type Retention struct {
	Reports int `json:"reports,omitempty"` // reports and records
	Jobs    int `json:"jobs,omitempty"`    // closed executions whose Jobs are kept
}

// Node is a node as it was at the tick. The UID distinguishes it from a later
// node of the same name.
type Node struct {
	Name   string  `json:"name"`
	UID    string  `json:"uid,omitempty"`
	Taints []Taint `json:"taints,omitempty"`
}

// Taint is a taint of a node that its pod has to tolerate.
type Taint struct {
	Key    string `json:"key"`
	Value  string `json:"value,omitempty"`
	Effect string `json:"effect,omitempty"` // empty: NoSchedule
}

// Skip is a selected node that was skipped at the tick.
type Skip struct {
	Node   string `json:"node"`
	Reason Reason `json:"reason"`
}

// Settings is the part of the configuration that an execution keeps until it
// closes.
type Settings struct {
	PodPoolSize           int           `json:"podPoolSize"`
	StartDeadline         time.Duration `json:"startDeadline"`
	JobTimeout            time.Duration `json:"jobTimeout"`
	BackoffLimit          int32         `json:"backoffLimit"`
	TolerateUnschedulable bool          `json:"tolerateUnschedulable"` // runOnUnscheduledNodes
	SavePodLog            bool          `json:"savePodLog"`
	JobServiceAccount     string        `json:"jobServiceAccount,omitempty"`
	JobImagePullSecrets   []string      `json:"jobImagePullSecrets,omitempty"`
	PodTemplate           string        `json:"podTemplate"`
	CallbackName          string        `json:"callbackName"` // CALLBACK_SERVICE_NAME: a host name or an IP address
	CallbackPort          int           `json:"callbackPort"`
	CallbackAuth          CallbackAuth  `json:"callbackAuth,omitempty"` // empty: none
	TokensPerSecret       int           `json:"tokensPerSecret,omitempty"`
	CallbackTLS           bool          `json:"callbackTLS,omitempty"`
	CABundle              string        `json:"caBundle,omitempty"`       // the ConfigMap whose ca.crt pods trust; empty: no mount
	ResultOptional        bool          `json:"resultOptional,omitempty"` // a task may succeed without a result
	Intake                *Intake       `json:"intake,omitempty"`         // nil in an older record: the configuration applies

	// Template is the JSON of a structured pod template, which applies instead of PodTemplate.
	Template json.RawMessage `json:"template,omitempty"`
}

// TokenSecret returns the number of the token Secret for the node of an index.
func (s Settings) TokenSecret(index int) int { return index / max(s.TokensPerSecret, 1) }

// NodeNames returns the names of the nodes that take part, in their order.
func (p Plan) NodeNames() []string {
	names := make([]string, 0, len(p.Nodes))
	for _, node := range p.Nodes {
		names = append(names, node.Name)
	}
	return names
}

// TokenNodes returns the nodes of the token Secret of a number.
func (p Plan) TokenNodes(number int) []Node {
	per := max(p.Settings.TokensPerSecret, 1)
	return p.Nodes[min(number*per, len(p.Nodes)):min((number+1)*per, len(p.Nodes))]
}
