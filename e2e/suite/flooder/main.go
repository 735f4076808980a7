package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"time"
)

// The schedule of the test, relative to the time in the execution's ID, because pods do not start
// at the same time.
const (
	quietFrom = 40 * time.Second
	quietTo   = 48 * time.Second
	floodFrom = 49 * time.Second
	floodTo   = 69 * time.Second
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	report := map[string]func(context.Context, time.Time) any{"flood": flood, "measure": measure}
	if len(os.Args) != 2 || report[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: flooder flood|measure")
		os.Exit(2)
	}
	begun, err := time.Parse("20060102150405", os.Getenv("EXECUTION_ID"))
	if err != nil {
		fmt.Fprintln(os.Stderr, "EXECUTION_ID:", err)
		os.Exit(1)
	}
	waitForService(ctx)
	// In the log, because the callbacks of a flooding pod are rejected.
	text, err := json.Marshal(report[os.Args[1]](ctx, begun))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(string(text))
}

// waitForService waits until the node forwards to the Service.
func waitForService(ctx context.Context) {
	client := newClient(1)
	for ctx.Err() == nil {
		if _, _, err := exchange(ctx, client, resultURL()+"/nothing", nil); err == nil {
			return
		}
		pause(ctx, time.Second)
	}
}

func resultURL() string { return os.Getenv("CALLBACK_SERVICE_RESULT_URL") }
func fileURL() string   { return os.Getenv("CALLBACK_SERVICE_FILE_URL") }
func eventURL() string  { return os.Getenv("CALLBACK_SERVICE_EVENT_URL") }

func newClient(connections int) *http.Client {
	return &http.Client{
		Timeout:   time.Minute,
		Transport: &http.Transport{MaxIdleConnsPerHost: connections, MaxConnsPerHost: connections},
	}
}
