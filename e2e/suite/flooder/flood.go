package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	oneResult       = `{"test":[{"value":1}]}`
	hugeBody        = 1 << 30
	files           = 10_000
	eventsPerSecond = 1_000
	slowConnections = 2_000
)

// flooded counts the responses to a pod, by kind of request and status. The status 0 means no
// response.
type flooded struct {
	mu     sync.Mutex
	Counts map[string]map[string]int
	huge   chan struct{} // closed after the response to a huge file
}

func (f *flooded) count(what string, status int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.Counts[what] == nil {
		f.Counts[what] = map[string]int{}
	}
	f.Counts[what][strconv.Itoa(status)]++
}

// flood exceeds all limits at the same time.
func flood(ctx context.Context, begun time.Time) any {
	f := &flooded{Counts: map[string]map[string]int{}, huge: make(chan struct{})}
	post(ctx, newClient(1), resultURL(), strings.NewReader(oneResult))
	pause(ctx, time.Until(begun.Add(floodFrom)))
	ctx, cancel := context.WithDeadline(ctx, begun.Add(floodTo))
	defer cancel()
	var all sync.WaitGroup
	for _, work := range []func(context.Context, *flooded){sendHugeBodies, sendFiles, sendEvents, sendSlowly} {
		all.Go(func() { work(ctx, f) })
	}
	all.Wait()
	return f
}

// sendHugeBodies sends huge bodies one after the other, with and without a Content-Length.
func sendHugeBodies(ctx context.Context, f *flooded) {
	client := newClient(2)
	answered := sync.OnceFunc(func() { close(f.huge) })
	for ctx.Err() == nil {
		f.count("huge file", post(ctx, client, fileURL()+"?name=huge", io.LimitReader(zeros{}, hugeBody)))
		answered()
		f.count("huge result", post(ctx, client, resultURL(), io.LimitReader(zeros{}, hugeBody)))
		pause(ctx, 100*time.Millisecond)
	}
}

// sendFiles sends more files than a node may send, after the first huge file: when the number of
// files is exhausted, the size of a file is not checked.
func sendFiles(ctx context.Context, f *flooded) {
	select {
	case <-f.huge:
	case <-ctx.Done():
		return
	}
	client := newClient(16)
	numbers := make(chan int)
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			for n := range numbers {
				f.count("file", post(ctx, client, fmt.Sprintf("%s?name=file-%d", fileURL(), n), strings.NewReader("content")))
			}
		})
	}
	for n := 0; n < files && ctx.Err() == nil; n++ {
		numbers <- n
	}
	close(numbers)
	all.Wait()
}

func sendEvents(ctx context.Context, f *flooded) {
	client := newClient(16)
	ticker := time.NewTicker(time.Second / eventsPerSecond)
	defer ticker.Stop()
	free := make(chan struct{}, 16)
	var all sync.WaitGroup
	for n := 0; ctx.Err() == nil; n++ {
		<-ticker.C
		free <- struct{}{}
		all.Go(func() {
			defer func() { <-free }()
			body := fmt.Sprintf(`{"reason": "Flood", "message": "number %d"}`, n)
			f.count("event", post(ctx, client, eventURL(), strings.NewReader(body)))
		})
	}
	all.Wait()
}

// sendSlowly opens connections and sends a byte a second on each.
func sendSlowly(ctx context.Context, f *flooded) {
	target, err := url.Parse(resultURL())
	if err != nil {
		return
	}
	var all sync.WaitGroup
	for range slowConnections {
		all.Go(func() { f.count("slow", drip(ctx, target)) })
	}
	all.Wait()
}

func drip(ctx context.Context, target *url.URL) (status int) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", target.Host)
	if err != nil {
		return 0
	}
	defer conn.Close() //nolint:errcheck // the connection has failed
	for _, b := range []byte("POST " + target.Path + " HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n") {
		if _, err := conn.Write([]byte{b}); err != nil || ctx.Err() != nil {
			return 0
		}
		pause(ctx, time.Second)
	}
	return 0
}

// post returns the status of the response, or 0 without a response.
func post(ctx context.Context, client *http.Client, target string, body io.Reader) int {
	status, _, err := exchange(ctx, client, target, body)
	if err != nil {
		return 0
	}
	return status
}

func exchange(ctx context.Context, client *http.Client, target string, body io.Reader) (status int, answer string, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, target, body)
	if err != nil {
		return 0, "", err
	}
	response, err := client.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close() //nolint:errcheck // it is read completely
	text, err := io.ReadAll(response.Body)
	return response.StatusCode, string(text), err
}

// zeros never ends.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
