package apiclient

import (
	"context"
	"net/url"
)

// ReadyNodes returns the names of the Ready nodes that match the label selector.
func (c *Client) ReadyNodes(ctx context.Context, selector string) ([]string, error) {
	var list struct {
		Items []struct {
			Metadata struct{ Name string }
			Status   struct {
				Conditions []struct{ Type, Status string }
			}
		}
	}
	if err := c.Get(ctx, "/api/v1/nodes?labelSelector="+url.QueryEscape(selector), &list); err != nil {
		return nil, err
	}
	var ready []string
	for _, node := range list.Items {
		for _, condition := range node.Status.Conditions {
			if condition.Type == "Ready" && condition.Status == "True" {
				ready = append(ready, node.Metadata.Name)
			}
		}
	}
	return ready, nil
}
