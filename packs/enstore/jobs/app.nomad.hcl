# The application: the API and its queue workers, two tiers of one image.
job "app" {
  type        = "service"
  datacenters = var.datacenters

  group "backend" {
    count = var.backend_count

    # Out of Consul first, then this long until it stops: nginx has reloaded by then.
    shutdown_delay = "6s"

    # prod: one new instance beside the old ones, and the others follow when it is healthy.
    update {
      max_parallel      = 1
      canary            = local.dev ? 0 : 1
      auto_promote      = !local.dev
      auto_revert       = !local.dev
      min_healthy_time  = "5s"
      healthy_deadline  = local.migrating_healthy_deadline
      progress_deadline = local.migrating_progress_deadline
    }

    restart {
      attempts = 5
      interval = "5m"
      delay    = "2s"
      mode     = "fail"
    }

    scaling {
      enabled = var.autoscale
      min     = local.dev ? 1 : 2
      max     = 8
    }

    network {
      mode = "bridge"
      port "fpm" {
        to = 9000
      }
    }

    # The database takes 10 to 15 seconds from an empty volume; its check is a query.
    wait_for "db" {
      timeout = local.wait
    }

    wait_for "redis" {
      timeout = local.wait
    }

    migration "schema" {
      image        = var.backend_image
      user         = "33:33"
      command      = ["php", "artisan", "migrate", "--force", "--no-interaction"]
      timeout      = local.migration
      lock_timeout = local.migration

      database {
        driver  = "mysql"
        url_env = "DATABASE_URL"
      }

      # A file, not the environment: the address is known only when the gate has passed, and a changed environment would
      # restart the task then.
      env {
        APP_ENV           = local.app_env.APP_ENV
        APP_DEBUG         = local.app_env.APP_DEBUG
        LOG_LEVEL         = var.log_level
        DB_CONNECTION     = "mysql"
        DATABASE_URL_FILE = "${NOMAD_SECRETS_DIR}/database_url"
      }

      template {
        data        = <<-EOT
          {{- with nomadVar "nomad/jobs/${release.name}-app" }}{{ $password := .db.Value }}
          {{- with service "${release.name}-db" }}{{ with index . 0 -}}
          mysql://${var.db_user}:{{ $password | urlquery }}@{{ .Address }}:{{ .Port }}/${var.db_name}
          {{- end }}{{ end }}{{ end }}
        EOT
        destination = "secrets/database_url"
        perms       = "0400"
        uid         = 33
        gid         = 33
        change_mode = "noop"
      }

      config {
        volumes         = local.backend_source
        cap_drop        = ["all"]
        security_opt    = ["no-new-privileges"]
        readonly_rootfs = true

        mount {
          type   = "tmpfs"
          target = "/tmp"
        }
      }
    }

    service {
      name = "${release.name}-backend"
      port = "fpm"

      # PHP-FPM's own answer, over FastCGI. Whether the database answers is another tier's check: an API that says so is
      # worth more than none.
      check {
        name     = "fpm ping"
        type     = "script"
        task     = "backend"
        command  = "fpm-ping"
        interval = "5s"
        timeout  = "5s"
      }
    }

    task "backend" {
      driver = "docker"
      user   = "33:33"

      kill_signal  = "SIGQUIT" # finishes the requests that it has
      kill_timeout = "30s"

      config {
        image           = var.backend_image
        ports           = ["fpm"]
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
        PHP_FPM_MAX_CHILDREN = "${var.backend_processes}"
      })

      template {
        data        = templatefile("files/app.env.tpl", { release = release.name, job = "${release.name}-app", group = "backend", task = "backend" })
        destination = "secrets/app.env"
        env         = true
        change_mode = "restart"
      }

      resources {
        cpu    = local.sizes.backend.cpu
        memory = local.sizes.backend.memory
      }

      logs {
        max_files     = 3
        max_file_size = 10
      }
    }
  }

  group "queue" {
    count = var.queue_count

    update {
      max_parallel      = 1
      auto_revert       = !local.dev
      min_healthy_time  = "5s"
      healthy_deadline  = local.healthy_deadline
      progress_deadline = local.progress_deadline
    }

    # A worker ends by itself when the database or Redis has gone under it, and starts again for as long as it takes: this
    # many attempts do not fit into the interval.
    restart {
      attempts = 25
      interval = "1m"
      delay    = "2s"
      mode     = "delay"
    }

    # By the jobs that wait, due ones that Redis still holds back, and those in hand.
    scaling {
      enabled = var.autoscale
      min     = local.dev ? 1 : 2
      max     = 10

      policy {
        target {
          wait = "30s"
        }

        queue "default" {
          type       = "laravel"
          credential = "redis"
        }
      }
    }

    network {
      mode = "bridge"
    }

    wait_for "db" {
      timeout = local.wait
    }

    wait_for "redis" {
      timeout = local.wait
    }

    # Its instances have migrated the schema before they are healthy.
    wait_for "backend" {
      timeout = local.wait
    }

    service {
      name = "${release.name}-queue"

      # The worker touches a file between jobs, and while one waits for the supplier.
      check {
        name     = "heartbeat"
        type     = "script"
        task     = "queue"
        command  = "queue-alive"
        args     = ["20"]
        interval = "5s"
        timeout  = "5s"
      }
    }

    task "queue" {
      driver = "docker"
      user   = "33:33"

      kill_signal  = "SIGTERM"                    # the job in hand is finished, no new one is taken
      kill_timeout = "${var.queue_timeout + 15}s" # needs the client's max_kill_timeout to be as long

      config {
        image           = var.backend_image
        command         = "php"
        args            = ["artisan", "queue:work", "redis", "--queue=default", "--sleep=0", "--timeout=${var.queue_timeout}", "--max-time=3600"]
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
        data        = templatefile("files/app.env.tpl", { release = release.name, job = "${release.name}-app", group = "queue", task = "queue" })
        destination = "secrets/app.env"
        env         = true
        change_mode = "restart"
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
        cpu    = local.sizes.queue.cpu
        memory = local.sizes.queue.memory
      }

      logs {
        max_files     = 3
        max_file_size = 10
      }
    }
  }
}
