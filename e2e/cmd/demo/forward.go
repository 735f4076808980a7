package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"github.com/batch-job-controller/batch-job-controller/e2e/deploy"
)

// forwardWord is the argument that makes this program the forwarder.
const forwardWord = "forward"

const (
	checkInterval = 3 * time.Second
	checkAttempts = 3 // failed attempts after which the cluster counts as deleted
	dialTimeout   = 10 * time.Second
)

// forward forwards ports of this machine to the controller's, prints their addresses, and
// ends with the cluster.
func forward(ctx context.Context, args []string) error {
	const want = 3
	if len(args) != want {
		return errors.New("forward: kubeconfig, namespace and deployment are needed")
	}
	cluster, err := deploy.Connect(args[0])
	if err != nil {
		return err
	}
	controller, err := cluster.Attach(ctx, args[1], args[2])
	if err != nil {
		return err
	}
	reports, err := serve(controller, reportAddress, deploy.ReportPort)
	if err != nil {
		return err
	}
	metrics, err := serve(controller, metricsAddress, deploy.MetricsPort)
	if err != nil {
		return err
	}
	fmt.Println(reports, metrics)
	if err := os.Stdout.Close(); err != nil {
		return err
	}
	return stayWhile(ctx, cluster)
}

// serve listens on the address, or on any port if the address is in use.
func serve(controller *deploy.Controller, address string, port int) (url string, err error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		if listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			return "", err
		}
	}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go join(controller, conn, port)
		}
	}()
	return "http://" + listener.Addr().String(), nil
}

func join(controller *deploy.Controller, conn net.Conn, port int) {
	defer conn.Close() //nolint:errcheck // all data was sent
	ctx, cancel := context.WithTimeout(context.Background(), dialTimeout)
	defer cancel()
	target, err := controller.Dial(ctx, port)
	if err != nil {
		return
	}
	defer target.Close() //nolint:errcheck // all data was sent
	go func() {
		_, _ = io.Copy(target, conn)
		_ = target.(*net.TCPConn).CloseWrite()
	}()
	_, _ = io.Copy(conn, target)
}

// stayWhile returns when the cluster is deleted.
func stayWhile(ctx context.Context, cluster *deploy.Cluster) error {
	ticker := time.NewTicker(checkInterval)
	defer ticker.Stop()
	for failed := 0; failed < checkAttempts; {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		if err := cluster.Check(ctx); err != nil {
			failed++
		} else {
			failed = 0
		}
	}
	return nil
}
