job "data" {
  group "db" {
    network {
      mode = "bridge"
      port "db" {
        to = 5432
      }
    }

    volume "data" {
      type   = "host"
      source = "${release.name}-data"
    }

    service {
      name = "${release.name}-db"
      port = "db"

      check {
        type     = "tcp"
        interval = "5s"
        timeout  = "2s"
      }
    }

    task "db" {
      driver = "raw_exec"

      config {
        command = "/usr/bin/db"
      }

      volume_mount {
        volume      = "data"
        destination = "/data"
      }

      template {
        destination = "secrets/env"
        env         = true
        data        = <<EOT
{{ with nomadVar "nomad/jobs/${release.name}-data" }}PASSWORD={{ .db }}{{ end }}
EOT
      }
    }
  }
}
