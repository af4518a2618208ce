package realtest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

const agentRemedy = "run `make tools` (the first time it takes some minutes)"

// Consul starts a Consul server in memory. extra is configuration in HCL on top of ours.
func Consul(t testing.TB, extra ...string) *Server {
	t.Helper()
	return consulServer(t, access{client: http.DefaultClient}, extra...)
}

func consulServer(t testing.TB, a access, extra ...string) *Server {
	t.Helper()
	return begin(t, "consul", func(s *Server) error {
		bin, err := find("consul", agentRemedy)
		if err != nil {
			return err
		}
		ports, err := freePorts(3)
		if err != nil {
			return err
		}
		s.at(a.scheme(), ports[0])
		s.stop = syscall.SIGINT
		config := fmt.Sprintf(`
bind_addr            = "127.0.0.1"
client_addr          = "127.0.0.1"
node_name            = "test"
disable_update_check = true
enable_local_script_checks = true
ports {
  %s
  server   = %d
  serf_lan = %d
  serf_wan = -1
  dns      = -1
  grpc     = -1
  grpc_tls = -1
}
`, a.consulPorts(ports[0]), ports[1], ports[2])
		s.ready = func(ctx context.Context, s *Server) error {
			var nodes []struct{ Node string }
			if err := a.getJSON(ctx, s.URL+"/v1/catalog/nodes", &nodes); err != nil {
				return err
			}
			if len(nodes) == 0 {
				return fmt.Errorf("the server has not registered itself yet")
			}
			return nil
		}
		return s.agent(bin, config, extra, "-dev")
	})
}

// Nomad starts a Nomad server and client in memory, with the raw_exec driver, and with Consul when consul is not nil.
// Allocations run as the caller. Without root there is neither docker nor exec; with root both may be there too.
// extra is configuration in HCL on top of ours.
func Nomad(t testing.TB, consul *Server, extra ...string) *Server {
	t.Helper()
	integration := `consul { address = "127.0.0.1:1"  auto_advertise = false  server_auto_join = false  client_auto_join = false }`
	if consul != nil {
		integration = fmt.Sprintf(`consul { address = %q }`, consul.Addr)
	}
	return nomadServer(t, access{client: http.DefaultClient}, append([]string{integration}, extra...)...)
}

func nomadServer(t testing.TB, a access, extra ...string) *Server {
	t.Helper()
	return begin(t, "nomad", func(s *Server) error {
		bin, err := find("nomad", agentRemedy)
		if err != nil {
			return err
		}
		ports, err := freePorts(3)
		if err != nil {
			return err
		}
		s.at(a.scheme(), ports[0])
		s.stop = syscall.SIGINT
		config := fmt.Sprintf(`
bind_addr            = "127.0.0.1"
name                 = "test"
disable_update_check = true
ports {
  http = %d
  rpc  = %d
  serf = %d
}
client {
  alloc_dir     = %q
  state_dir     = %q
  alloc_mounts_dir = %q
  options       = { "fingerprint.denylist" = "env_aws,env_gce,env_azure,env_digitalocean" }
  gc_max_allocs = 500
}
plugin "raw_exec" {
  config { enabled = true }
}
# As root the driver for containers is there too. It must leave other agents' containers and the local images alone.
plugin "docker" {
  config {
    gc {
      image = false
      dangling_containers { enabled = false }
    }
  }
}
`, ports[0], ports[1], ports[2], filepath.Join(s.Dir, "alloc"), filepath.Join(s.Dir, "state"), filepath.Join(s.Dir, "mounts"))
		s.ready = func(ctx context.Context, s *Server) error {
			var nodes []struct {
				Status  string
				Drivers map[string]struct{ Healthy bool }
			}
			if err := a.admit(ctx, s.URL); err != nil {
				return err
			}
			if err := a.getJSON(ctx, s.URL+"/v1/nodes", &nodes); err != nil {
				return err
			}
			if len(nodes) != 1 || nodes[0].Status != "ready" || !nodes[0].Drivers["raw_exec"].Healthy {
				return fmt.Errorf("the node is not ready yet: %+v", nodes)
			}
			return nil
		}
		return s.agent(bin, config, extra, "-dev")
	})
}

func (s *Server) at(scheme string, port int) {
	s.Port, s.Addr = port, fmt.Sprintf("127.0.0.1:%d", port)
	s.URL = scheme + "://" + s.Addr
}

// agent writes the configuration files and sets how the agent is launched.
func (s *Server) agent(bin, config string, extra []string, args ...string) error {
	args = append([]string{"agent"}, args...)
	for i, text := range append([]string{config}, extra...) {
		path := filepath.Join(s.Dir, fmt.Sprintf("%02d.hcl", i))
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			return err
		}
		flag := "-config="
		if s.Name == "consul" {
			flag = "-config-file="
		}
		args = append(args, flag+path)
	}
	s.launch = func(s *Server) *exec.Cmd {
		cmd := exec.Command(bin, args...)
		cmd.Dir, cmd.Env = s.Dir, agentEnviron(s.Dir)
		return cmd
	}
	return nil
}

// agentEnviron is our environment without the variables that would steer an agent or its command elsewhere.
func agentEnviron(dir string) []string {
	var env []string
	for _, kv := range os.Environ() {
		if !strings.HasPrefix(kv, "NOMAD_") && !strings.HasPrefix(kv, "CONSUL_") && !strings.HasPrefix(kv, "TMPDIR=") {
			env = append(env, kv)
		}
	}
	return append(env, "TMPDIR="+dir) // dev mode makes its data folder there
}

// access is how the tests' own requests reach an agent.
type access struct {
	client    *http.Client
	header    string // that carries the token; empty without ACLs
	token     string
	bootstrap bool // Nomad makes the token known when it is asked to, once
}

func (a access) scheme() string {
	if a.header != "" {
		return "https"
	}
	return "http"
}

// consulPorts opens one of Consul's two ports for its API.
func (a access) consulPorts(port int) string {
	if a.header != "" {
		return fmt.Sprintf("http = -1\n  https = %d", port)
	}
	return fmt.Sprintf("http = %d", port)
}

// admit bootstraps Nomad's ACLs with the token of our choice. That they are is no error.
func (a access) admit(ctx context.Context, url string) error {
	if !a.bootstrap {
		return nil
	}
	body := strings.NewReader(fmt.Sprintf(`{"BootstrapSecret": %q}`, a.token))
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/v1/acl/bootstrap", body)
	if err != nil {
		return err
	}
	resp, err := a.client.Do(req)
	if err != nil {
		return err
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK && resp.StatusCode != http.StatusBadRequest {
		return fmt.Errorf("bootstrap the ACLs: %s", resp.Status)
	}
	return nil
}

func (a access) getJSON(ctx context.Context, url string, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	if a.header != "" {
		req.Header.Set(a.header, a.token)
	}
	resp, err := a.client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("GET %s: %s", url, resp.Status)
	}
	return json.NewDecoder(resp.Body).Decode(into)
}
