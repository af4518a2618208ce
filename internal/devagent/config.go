package devagent

import (
	"fmt"
	"path/filepath"
	"strings"
)

// consulConfig is the configuration of a pair's Consul agent.
func consulConfig(p plan) string {
	http, server, serf, dns := p.consulPorts()
	client := "127.0.0.1"
	if p.Docker {
		client += " " + p.Address.String() // containers reach Consul there
	}
	var b strings.Builder
	put(&b, `# Written by "packctl dev up" at every start.`)
	put(&b, `datacenter           = "dc1"`)
	put(&b, `node_name            = "dev"`)
	put(&b, `data_dir             = %q`, layout{p.DataDir}.data("consul"))
	put(&b, `server               = true`)
	put(&b, `bootstrap_expect     = 1`)
	put(&b, `bind_addr            = "127.0.0.1"`)
	put(&b, `client_addr          = %q`, client)
	put(&b, `disable_update_check = true`)
	put(&b, `leave_on_terminate   = false`)
	put(&b, `ui_config { enabled = true }`)
	put(&b, `performance { raft_multiplier = 1 }`)
	put(&b, `ports {`)
	put(&b, `  http     = %d`, http)
	put(&b, `  server   = %d`, server)
	put(&b, `  serf_lan = %d`, serf)
	put(&b, `  serf_wan = -1`)
	put(&b, `  dns      = %d`, dns)
	put(&b, `  grpc     = -1`)
	put(&b, `  grpc_tls = -1`)
	put(&b, `}`)
	return b.String()
}

// nomadConfig is the configuration of a pair's Nomad agent: server and client in one, or the server alone.
func nomadConfig(p plan, withClient bool) string {
	var b strings.Builder
	put(&b, `# Written by "packctl dev up" at every start.`)
	put(&b, `name                 = "dev"`)
	put(&b, `data_dir             = %q`, layout{p.DataDir}.data("nomad"))
	put(&b, `bind_addr            = "127.0.0.1"`)
	put(&b, `disable_update_check = true`)
	put(&b, `advertise {`)
	put(&b, `  http = "127.0.0.1"`)
	put(&b, `  rpc  = "127.0.0.1"`)
	put(&b, `  serf = "127.0.0.1"`)
	put(&b, `}`)
	put(&b, `ports {`)
	put(&b, `  http = %d`, p.NomadPort)
	put(&b, `  rpc  = %d`, p.NomadPort+1)
	put(&b, `  serf = %d`, p.NomadPort+2)
	put(&b, `}`)
	put(&b, `server {`)
	put(&b, `  enabled          = true`)
	put(&b, `  bootstrap_expect = 1`)
	put(&b, `  raft_multiplier  = 1`)
	put(&b, `}`)
	put(&b, `client {`)
	put(&b, `  enabled           = %t`, withClient)
	put(&b, `  servers           = ["127.0.0.1:%d"]`, p.NomadPort+1)
	put(&b, `  alloc_mounts_dir  = %q`, filepath.Join(layout{p.DataDir}.data("nomad"), "alloc_mounts"))
	put(&b, `  network_interface = %q`, p.Interface)
	put(&b, `  min_dynamic_port  = %d`, p.MinPort)
	put(&b, `  max_dynamic_port  = %d`, p.MaxPort)
	if p.Docker {
		put(&b, `  cni_path                    = %q`, p.CNIPath)
		put(&b, `  bridge_network_name         = %q`, p.Bridge)
		put(&b, `  bridge_network_subnet       = %q`, p.Subnet.String())
		put(&b, `  bridge_network_hairpin_mode = true`)
	}
	put(&b, `  # Ports that only this machine may reach: host_network = "local".`)
	put(&b, `  host_network "local" { cidr = "127.0.0.0/8" }`)
	put(&b, `  # Finished allocations keep their logs until there are more than this.`)
	put(&b, `  gc_max_allocs = 300`)
	put(&b, `  # A cloud's metadata service is not asked who this machine is.`)
	put(&b, `  options = { "fingerprint.denylist" = "env_aws,env_gce,env_azure,env_digitalocean" }`)
	put(&b, `}`)
	put(&b, `consul { address = "127.0.0.1:%d" }`, p.ConsulPort)
	put(&b, `telemetry {`)
	put(&b, `  prometheus_metrics         = true`)
	put(&b, `  publish_allocation_metrics = true`)
	put(&b, `}`)
	put(&b, `plugin "raw_exec" {`)
	put(&b, `  config { enabled = true }`)
	put(&b, `}`)
	if p.Docker {
		put(&b, `plugin "docker" {`)
		put(&b, `  config {`)
		if p.Infra != "" {
			put(&b, `    infra_image = %q`, p.Infra)
		}
		put(&b, `    volumes { enabled = true } # bind mounts: live code`)
		put(&b, `    gc {`)
		put(&b, `      image = false # local images cannot be pulled again`)
		put(&b, `      dangling_containers { enabled = false } # another pair's containers look dangling to this one`)
		put(&b, `    }`)
		put(&b, `  }`)
		put(&b, `}`)
	}
	return b.String()
}

func put(b *strings.Builder, format string, args ...any) {
	fmt.Fprintf(b, format+"\n", args...)
}
