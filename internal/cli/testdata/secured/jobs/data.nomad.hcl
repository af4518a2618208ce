job "data" {
  group "store" {
    network {
      port "tcp" {}
    }

    volume "store" {
      type   = "host"
      source = "${release.name}-store"
    }

    service {
      name = "${release.name}-store"
      port = "tcp"

      check {
        type     = "tcp"
        interval = "1s"
        timeout  = "1s"
      }
    }

    update {
      min_healthy_time = "1s"
    }

    task "store" {
      driver = "raw_exec"

      config {
        command = "python3"
        args    = ["-m", "http.server", "--bind", "127.0.0.1", "${NOMAD_PORT_tcp}"]
      }
    }
  }
}
