# Run after each upgrade, and by packctl test -live: a user who logs in, writes and reads.
job "smoke" {
  type        = "batch"
  datacenters = var.datacenters

  group "smoke" {
    restart {
      attempts = 0
      mode     = "fail"
    }

    reschedule {
      attempts  = 0
      unlimited = false
    }

    network {
      mode = "bridge"
    }

    wait_for "backend" {
      timeout = local.wait
    }

    task "smoke" {
      driver = "docker"
      user   = "10001:10001"

      config {
        image           = var.backend_image
        command         = "python3"
        args            = ["${NOMAD_TASK_DIR}/smoke.py"]
        cap_drop        = ["all"]
        security_opt    = ["no-new-privileges"]
        readonly_rootfs = true
      }

      env {
        LOGIN_USER   = var.login_user
        LOGIN_FILE   = "${NOMAD_SECRETS_DIR}/login"
        BACKEND_FILE = "${NOMAD_TASK_DIR}/backends"
      }

      template {
        data            = file("files/smoke.py")
        destination     = "local/smoke.py"
        change_mode     = "noop"
        left_delimiter  = "[["
        right_delimiter = "]]"
      }

      template {
        data        = <<-EOT
          {{- range service "${release.name}-backend" }}{{ .Address }}:{{ .Port }}
          {{ end -}}
        EOT
        destination = "local/backends"
        change_mode = "noop"
      }

      template {
        data        = "{{ with nomadVar \"nomad/jobs/${release.name}-smoke\" }}{{ .login }}{{ end }}"
        destination = "secrets/login"
        perms       = "0400"
        uid         = 10001
        gid         = 10001
        change_mode = "noop"
      }

      resources {
        cpu    = 50
        memory = 64
      }
    }
  }
}
