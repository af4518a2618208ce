package devagent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

// docker speaks the few calls of Docker's HTTP API that are needed here, over the daemon's Unix socket.
type docker struct {
	socket string
	client *http.Client
}

// newDocker honours DOCKER_HOST where it names a Unix socket: Nomad's driver on this machine needs that too.
func newDocker() *docker {
	socket := "/var/run/docker.sock"
	if host, ok := strings.CutPrefix(os.Getenv("DOCKER_HOST"), "unix://"); ok {
		socket = host
	}
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", socket)
	}
	return &docker{socket: socket, client: &http.Client{Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true}}}
}

var errNotFound = errors.New("not found")

func (d *docker) call(ctx context.Context, method, path string, into any) error {
	ctx, cancel := context.WithTimeout(ctx, 60*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, "http://docker"+path, nil)
	if err != nil {
		return err
	}
	resp, err := d.client.Do(req)
	if err != nil {
		return fmt.Errorf("ask Docker at %s: %w", d.socket, err)
	}
	defer func() { _ = resp.Body.Close() }()
	switch {
	case resp.StatusCode == http.StatusNotFound:
		return errNotFound
	case resp.StatusCode >= 300:
		var said struct{ Message string }
		_ = json.NewDecoder(resp.Body).Decode(&said)
		return fmt.Errorf("docker: %s %s: %s: %s", method, path, resp.Status, said.Message)
	case into != nil:
		return json.NewDecoder(resp.Body).Decode(into)
	}
	return nil
}

func (d *docker) ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	return d.call(ctx, http.MethodGet, "/_ping", nil)
}

func (d *docker) hasImage(ctx context.Context, name string) (bool, error) {
	err := d.call(ctx, http.MethodGet, "/images/"+name+"/json", nil)
	if errors.Is(err, errNotFound) {
		return false, nil
	}
	return err == nil, err
}

// containersOf lists the containers, running or not, that Nomad made for one of the allocations.
func (d *docker) containersOf(ctx context.Context, allocs map[string]bool) ([]string, error) {
	const label = "com.hashicorp.nomad.alloc_id"
	var all []struct {
		ID     string `json:"Id"`
		Labels map[string]string
	}
	query := url.Values{"all": {"1"}, "filters": {`{"label":["` + label + `"]}`}}
	if err := d.call(ctx, http.MethodGet, "/containers/json?"+query.Encode(), &all); err != nil {
		return nil, fmt.Errorf("list containers: %w", err)
	}
	var ids []string
	for _, c := range all {
		if allocs[c.Labels[label]] {
			ids = append(ids, c.ID)
		}
	}
	return ids, nil
}

func (d *docker) remove(ctx context.Context, id string) error {
	err := d.call(ctx, http.MethodDelete, "/containers/"+id+"?force=1&v=1", nil)
	if err != nil && !errors.Is(err, errNotFound) {
		return fmt.Errorf("remove container %.12s: %w", id, err)
	}
	return nil
}
