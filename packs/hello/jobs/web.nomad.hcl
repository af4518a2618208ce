job "web" {
  group "web" {
    count = var.instances

    network {
      port "http" {
        static       = var.port
        host_network = var.host_network
      }
    }

    service {
      name = "${release.name}-web"
      port = "http"

      check {
        name     = "health"
        type     = "http"
        path     = "/health"
        interval = var.check_interval
        timeout  = "2s"
      }
    }

    update {
      max_parallel     = 1
      min_healthy_time = "1s"
      healthy_deadline = "1m"
    }

    restart {
      attempts = 2
      delay    = "2s"
      interval = "1m"
      mode     = "fail"
    }

    shutdown_delay = "1s"

    task "server" {
      driver       = var.driver
      kill_timeout = "15s"

      config {
        command = var.command
      }

      env {
        PORT     = "${NOMAD_PORT_http}"
        HOST     = "${NOMAD_IP_http}"
        GREETING = var.greeting
      }

      resources {
        cpu    = 50
        memory = 32
      }
    }
  }
}
