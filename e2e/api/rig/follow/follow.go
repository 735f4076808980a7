package follow

import (
	"context"
	"errors"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"
	watchtools "k8s.io/client-go/tools/watch"
)

// Changes calls see with every change after the resource version, in order and without a gap,
// until see returns false or ctx ends. Unlike an informer, it does not merge changes: if it
// would miss a change, it fails.
func Changes[T runtime.Object](
	ctx context.Context,
	after string,
	open func(context.Context, metav1.ListOptions) (watch.Interface, error),
	fields string,
	see func(kind watch.EventType, object T, at time.Time) (goOn bool),
) error {
	watcher, err := watchtools.NewRetryWatcherWithContext(ctx, after, &cache.ListWatch{
		WatchFuncWithContext: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
			o.FieldSelector = fields
			return open(ctx, o)
		},
	})
	if err != nil {
		return fmt.Errorf("watch: %w", err)
	}
	defer watcher.Stop()
	for event := range watcher.ResultChan() {
		at := time.Now()
		switch object := event.Object.(type) {
		case T:
			if event.Type != watch.Bookmark && !see(event.Type, object, at) {
				return nil
			}
		default:
			return fmt.Errorf("watch: %w", apierrors.FromObject(event.Object))
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return errors.New("watch: ended early")
}
