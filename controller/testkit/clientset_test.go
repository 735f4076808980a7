package testkit

import (
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// client-go's fake would panic here, because nothing reads the watch while 1,000 pods are
// created. The creation has to wait for a reader.
func TestWritesWaitForWatches(t *testing.T) {
	const pods = 1000
	client := NewClientset().CoreV1().Pods("jobs")
	ignored, err := client.Watch(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	ignored.Stop() // writes do not wait for it
	w, err := client.Watch(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var written atomic.Int32
	created := make(chan error, 1)
	go func() {
		for i := range pods {
			if _, err := client.Create(t.Context(), &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprint(i)}}, metav1.CreateOptions{}); err != nil {
				created <- err
				return
			}
			written.Add(1)
		}
		created <- nil
	}()
	// A writer that does not wait has written more after this loop, or has panicked.
	for waited := 0; waited < 10_000; runtime.Gosched() {
		if written.Load() > mostBehind {
			waited++
		}
	}
	if got := written.Load(); got != mostBehind+1 {
		t.Errorf("%d pods were created while nothing read the watch, want %d", got, mostBehind+1)
	}
	for range pods {
		<-w.ResultChan()
	}
	if err := <-created; err != nil {
		t.Error(err)
	}
}
