# Laravel's scheduler: one short run each minute, never two at once. It is healthy while its last run succeeded, within two
# periods.
job "scheduler" {
  type        = "batch"
  datacenters = var.datacenters

  periodic {
    crons            = [var.schedule]
    prohibit_overlap = true
    time_zone        = "UTC"
  }

  group "scheduler" {
    # What one run could not do the next one does.
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

    wait_for "db" {
      timeout = "20s"
    }

    wait_for "redis" {
      timeout = "20s"
    }

    # Its instances have migrated the schema before they are healthy.
    wait_for "backend" {
      timeout = "20s"
    }

    # Listed while a run is on. Whether runs succeed is seen from their ends, not from here.
    service {
      name = "${release.name}-scheduler"
    }

    task "scheduler" {
      driver = "docker"
      user   = "33:33"

      kill_signal  = "SIGTERM"
      kill_timeout = "30s"

      config {
        image           = var.backend_image
        command         = "timeout" # Nomad has none for a run, and one that hangs would keep all later ones away
        args            = ["--kill-after=10", "${var.schedule_timeout}", "php", "artisan", "schedule:run", "--no-interaction"]
        volumes         = local.backend_source
        cpu_hard_limit  = var.cpu_limit
        cap_drop        = ["all"]
        security_opt    = ["no-new-privileges"]
        readonly_rootfs = true

        mount {
          type   = "tmpfs"
          target = "/tmp"
        }
      }

      env = merge(local.app_env, {
        SUPPLIER_URL      = var.supplier_url
        SUPPLIER_URL_FILE = var.supplier_url == "" ? "/local/supplier" : ""
      })

      template {
        data        = templatefile("files/app.env.tpl", { release = release.name, job = "${release.name}-scheduler", group = "scheduler", task = "scheduler" })
        destination = "secrets/app.env"
        env         = true
        change_mode = "noop"
      }

      # The stand-in moves without a restart: the file is read for each call.
      template {
        when        = var.supplier_url == ""
        data        = <<-EOT
          {{- range service "${release.name}-supplier" }}http://{{ .Address }}:{{ .Port }}
          {{ end -}}
        EOT
        destination = "local/supplier"
        change_mode = "noop"
      }

      resources {
        cpu    = local.sizes.scheduler.cpu
        memory = local.sizes.scheduler.memory
      }

      logs {
        max_files     = 1
        max_file_size = 10
      }
    }
  }
}
