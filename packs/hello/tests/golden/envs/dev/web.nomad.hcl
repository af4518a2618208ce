job "hello-web" {
  meta {
    packctl_release = "hello"
    packctl_pack    = "hello"
  }

  group "web" {
    count = 1

    network {
      port "http" {
        static       = 0
        host_network = "local"
      }
    }

    service {
      name = "hello-web"
      port = "http"

      check {
        name     = "health"
        type     = "http"
        path     = "/health"
        interval = "2s"
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
      driver       = "raw_exec"
      kill_timeout = "15s"

      config {
        command = "/usr/local/bin/hello"
      }

      env {
        PORT     = "${NOMAD_PORT_http}"
        HOST     = "${NOMAD_IP_http}"
        GREETING = "Hello from the dev env"
      }

      resources {
        cpu    = 50
        memory = 32
      }
    }
  }
}
