package config

import (
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// Callback is how job pods report.
type Callback struct {
	Auth            execution.CallbackAuth
	TokensPerSecret int // nodes whose tokens share a Secret
	Limits          Limits
	TLS             TLS
}

const (
	defaultTokensPerSecret = 50
	maxTokensPerSecret     = 1_000
)

// callback takes the mapping of the same name.
func (o *object) callback() Callback {
	m, _ := o.object("callback")
	c := Callback{
		Auth: execution.CallbackAuth(m.oneOf("auth",
			string(execution.TokenAuth), string(execution.ServiceAccountTokenAuth), string(execution.NoAuth))),
		TokensPerSecret: m.number("tokensPerSecret", defaultTokensPerSecret, 1, maxTokensPerSecret),
		Limits:          m.limits(),
	}
	if c.Auth == execution.NoAuth {
		m.warn(m.child("auth"), "with none every pod that reaches the callback port can report for every node")
	}
	c.TLS = m.tls()
	m.close()
	return c
}

// oneOf takes one of several words. The first stands for an absent one.
func (o *object) oneOf(key string, words ...string) string {
	word := o.text(key, words[0])
	o.declare(key, declaration{kind: aText, absent: words[0], words: words})
	for _, w := range words {
		if word == w {
			return word
		}
	}
	o.report(field.NotSupported(o.child(key), word, words))
	return words[0]
}
