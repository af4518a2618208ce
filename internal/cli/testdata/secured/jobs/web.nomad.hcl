job "web" {
  group "front" {
    count = 1

    scaling {
      enabled = false
      min     = 1
      max     = 3
    }

    network {
      port "http" {}
    }

    wait_for "store" {
      env {
        CONSUL_CACERT = var.ca
      }
    }

    service {
      name = "${release.name}-front"
      port = "http"

      check {
        type     = "tcp"
        interval = "1s"
        timeout  = "1s"
      }
    }

    update {
      canary           = var.canary
      min_healthy_time = "1s"
    }

    task "front" {
      driver       = "raw_exec"
      kill_timeout = "1s"

      consul {}

      config {
        command = "/bin/sh"
        args    = ["-c", "echo ${var.greeting}; exec python3 -m http.server --bind 127.0.0.1 $NOMAD_PORT_http"]
      }

      template {
        destination = "local/store"
        data        = "{{ range service \"${release.name}-store\" }}{{ .Address }}:{{ .Port }}{{ end }}"
      }

      template {
        destination = "secrets/login"
        data        = "{{ with nomadVar \"nomad/jobs/${release.name}-web\" }}{{ .login }}{{ end }}"
      }
    }
  }
}
