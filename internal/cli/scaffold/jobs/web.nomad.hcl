# A plain Nomad job file. Its ID in Nomad is "<release>-web".
job "web" {
  group "web" {
    # The task starts when the Consul service "<release>-db" is passing:
    # wait_for "db" {}

    network {
      port "http" {
        static       = var.port
        host_network = var.host_network
      }
    }

    service {
      name = "${release.name}-web" # with the release's name, two of them can live side by side
      port = "http"

      check {
        name     = "page"
        type     = "http"
        path     = "/"
        interval = "5s"
        timeout  = "2s"
      }
    }

    update {
      min_healthy_time = "2s"
      healthy_deadline = "1m"
    }

    task "server" {
      driver = "raw_exec"

      config {
        command = var.python
        args    = ["-m", "http.server", "${NOMAD_PORT_http}", "--bind", "${NOMAD_IP_http}", "--directory", "local"]
      }

      template {
        destination = "local/index.html"
        data        = templatefile("files/index.html.tpl", { name = release.name, greeting = var.greeting })
      }

      resources {
        cpu    = 50
        memory = 64
      }
    }
  }
}
