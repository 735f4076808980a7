package progress

import (
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/record"
)

// StateName returns the name of the ConfigMap that says what a controller has
// dealt with.
func StateName(name string) string { return record.StateName(name) }

// LastTick returns until when ticks were dealt with, as that ConfigMap says: none
// before that runs. The zero time is that no replica has led yet.
func LastTick(state *corev1.ConfigMap) time.Time { return record.LastTick(state) }
