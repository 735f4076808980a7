package config

// ResultPolicy says whether a node that sends no result needs attention.
type ResultPolicy string

// The policies.
const (
	ResultByGauges ResultPolicy = ""         // expected where gauges are configured
	ResultExpected ResultPolicy = "Expected" // always
	ResultOptional ResultPolicy = "Optional" // never: what counts is how the pod ends
)

// ResultOptional reports whether a node is good without a result. Where no gauge
// is configured there is nothing that a result could say.
func (c Config) ResultOptional() bool {
	if c.Result == ResultByGauges {
		return len(c.Metrics.Gauges) == 0
	}
	return c.Result == ResultOptional
}

// result takes the key of the same name, which may be empty.
func (o *object) result() ResultPolicy {
	return ResultPolicy(o.oneOf("result", string(ResultByGauges), string(ResultExpected), string(ResultOptional)))
}
