job "web" {
  group "web" {
    count = var.count

    wait_for "db" {}

    update {
      healthy_deadline  = "6m"
      progress_deadline = "7m"
    }

    network {
      port "http" {
        static = var.port
      }
    }

    service {
      name = "${release.name}-web"
      port = "http"

      check {
        type     = "http"
        path     = "/"
        interval = "5s"
        timeout  = "2s"
      }
    }

    task "web" {
      driver = "raw_exec"

      config {
        command = "/usr/bin/web"
        args    = ["-port", "${NOMAD_PORT_http}"]
      }
    }
  }
}
