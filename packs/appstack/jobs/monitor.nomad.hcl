# The stack's own dashboard. No tier waits for it, and it waits for none.
job "monitor" {
  type        = "service"
  datacenters = var.datacenters

  group "monitor" {
    count = 1

    update {
      max_parallel      = 1
      min_healthy_time  = "3s"
      healthy_deadline  = "3m"
      progress_deadline = "5m"
      auto_revert       = !local.dev
    }

    restart {
      attempts = 10
      interval = "10m"
      delay    = "5s"
      mode     = "delay"
    }

    network {
      mode = "bridge"
      port "http" {
        to = 9000
      }
      port "debug" {
        when         = local.dev
        static       = var.debug_ports.monitor
        to           = 9000
        host_network = var.debug_network
      }
    }

    service {
      name = "${release.name}-monitor"
      port = "http"

      check {
        name     = "status"
        type     = "http"
        path     = "/healthz"
        interval = "5s"
        timeout  = "3s"
      }
    }

    task "monitor" {
      driver = "docker"
      user   = "65534:65534"

      kill_signal  = "SIGTERM"
      kill_timeout = "10s"

      # It asks Nomad as itself, through the task's own socket: no Docker socket, no token in the job.
      identity {
        env = true
      }

      consul {} # and Consul with a token of its own, where ACLs are on

      config {
        image           = var.sidecar_image
        entrypoint      = ["/sidecar", "monitor"]
        ports           = local.dev ? ["http", "debug"] : ["http"]
        cap_drop        = ["all"]
        security_opt    = ["no-new-privileges"]
        readonly_rootfs = true
      }

      env {
        PACKCTL_RELEASE  = release.name
        NOMAD_ADDR       = "unix://${NOMAD_SECRETS_DIR}/api.sock"
        CONSUL_HTTP_ADDR = var.consul_address
        PORT             = "9000"
      }

      resources {
        cpu    = local.sizes.monitor.cpu
        memory = local.sizes.monitor.memory
      }

      logs {
        max_files     = 3
        max_file_size = 10
      }
    }
  }
}
