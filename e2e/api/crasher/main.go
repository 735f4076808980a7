package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"syscall"

	"github.com/batch-job-controller/batch-job-controller/cmd/app"
	"github.com/batch-job-controller/batch-job-controller/controller/report"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	f, err := parseFuse(os.Getenv("CRASH_AT"))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	os.Exit(app.Run(ctx, os.Args[1:], os.LookupEnv, os.Stderr,
		app.WithTransport(func(next http.RoundTripper) http.RoundTripper {
			t, err := newTransport(next, f)
			if err != nil { // no test can mend that
				panic(err)
			}
			return t
		}),
		app.WithDisk(func(d report.Disk) report.Disk { return &disk{Disk: d, fuse: f} })))
}
