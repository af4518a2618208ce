# The application: API, background workers and the scheduler, three tiers of one image.
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
      attempts = 3
      interval = "5m"
      delay    = "5s"
      mode     = "fail"
    }

    scaling {
      when    = !local.dev
      enabled = var.autoscale
      min     = 2
      max     = 4
    }

    network {
      mode = "bridge"
      port "http" {
        to = 8000
      }
      port "debug" {
        when         = local.dev && var.backend_count == 1
        static       = var.debug_ports.backend
        to           = 8000
        host_network = var.debug_network
      }
    }

    volume "upload_data" {
      type            = "host"
      source          = "${release.name}-upload_data"
      access_mode     = "single-node-multi-writer"
      attachment_mode = "file-system"
    }

    wait_for "postgres" {
      timeout = local.wait
    }

    wait_for "redis" {
      timeout = local.wait
    }

    migration "schema" {
      image        = var.backend_image
      user         = "10001:10001"
      command      = ["alembic", "upgrade", "head"]
      timeout      = local.migration
      lock_timeout = local.migration

      # packctl rollback -migrate-down: the older image says its newest revision ("0001 (head)"), the newer one goes back to it.
      down {
        command = ["alembic", "downgrade"]
        version = ["alembic", "heads"]
      }

      database {
        driver  = "postgres"
        url_env = "DATABASE_URL"
      }

      # A file, not the environment: the address is known only when the gate has passed, and a changed environment would
      # restart the task then.
      env {
        DATABASE_URL_FILE = "${NOMAD_SECRETS_DIR}/database_url"
      }

      template {
        data        = <<-EOT
          {{- with nomadVar "nomad/jobs/${release.name}-app" }}{{ $password := .db.Value }}
          {{- with service "${release.name}-postgres" }}{{ with index . 0 -}}
          postgresql://${var.postgres_user}:{{ $password | urlquery }}@{{ .Address }}:{{ .Port }}/${var.postgres_db}
          {{- end }}{{ end }}{{ end }}
        EOT
        destination = "secrets/database_url"
        perms       = "0400"
        uid         = 10001
        gid         = 10001
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
      port = "http"

      check {
        name     = "api health"
        type     = "http"
        path     = "/api/health"
        interval = "5s"
        timeout  = "5s"
      }
    }

    task "backend" {
      driver = "docker"
      user   = "10001:10001"

      kill_signal  = "SIGTERM" # finishes the requests that it has
      kill_timeout = "30s"

      config {
        image   = var.backend_image
        command = "uvicorn"
        args = concat(
          ["app.main:app", "--host", "0.0.0.0", "--port", "8000", "--log-config", "logging.json", "--no-access-log", "--proxy-headers", "--forwarded-allow-ips", "*"],
          ["--timeout-keep-alive", "75"], # longer than the 60s of nginx, so that no request is sent on a connection that is just being closed
          local.dev ? ["--reload", "--reload-dir", "/app"] : [],
        )
        ports           = local.dev && var.backend_count == 1 ? ["http", "debug"] : ["http"]
        volumes         = local.backend_source
        cap_drop        = ["all"]
        security_opt    = ["no-new-privileges"]
        readonly_rootfs = true

        mount {
          type   = "tmpfs"
          target = "/tmp"
        }
      }

      env {
        ENVIRONMENT   = local.dev ? "development" : "production"
        LOG_LEVEL     = var.log_level
        POSTGRES_DB   = var.postgres_db
        POSTGRES_USER = var.postgres_user
        LOGIN_USER    = var.login_user
        MAX_UPLOAD_MB = var.max_upload_mb
        UPLOAD_DIR    = "/data/uploads"
      }

      template {
        data        = templatefile("files/app.env.tpl", { release = release.name, job = "${release.name}-app", group = "backend", task = "backend", login = true })
        destination = "secrets/app.env"
        env         = true
        change_mode = "restart"
      }

      volume_mount {
        volume      = "upload_data"
        destination = "/data/uploads"
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

  group "celery-worker" {
    count = var.worker_count

    update {
      max_parallel      = 1
      auto_revert       = !local.dev
      min_healthy_time  = "5s"
      healthy_deadline  = local.healthy_deadline
      progress_deadline = local.progress_deadline
    }

    restart {
      attempts = 3
      interval = "5m"
      delay    = "5s"
      mode     = "fail"
    }

    scaling {
      when    = !local.dev
      enabled = var.autoscale
      min     = 2
      max     = 8
    }

    network {
      mode = "bridge"
      port "debug" {
        when         = local.dev && var.worker_count == 1
        static       = var.debug_ports.worker
        to           = 8001
        host_network = var.debug_network
      }
    }

    volume "upload_data" {
      type            = "host"
      source          = "${release.name}-upload_data"
      access_mode     = "single-node-multi-writer"
      attachment_mode = "file-system"
    }

    wait_for "postgres" {
      timeout = local.wait
    }

    wait_for "redis" {
      timeout = local.wait
    }

    wait_for "backend" {
      timeout = local.wait
    }

    service {
      name = "${release.name}-celery-worker"

      # A Python of its own at every turn, so not too often.
      check {
        name     = "celery inspect ping"
        type     = "script"
        task     = "celery-worker"
        command  = "/bin/sh"
        args     = ["-c", "celery -A celery_app inspect ping -d celery@$(hostname) --timeout 5"]
        interval = "20s"
        timeout  = "30s"
      }
    }

    task "celery-worker" {
      driver = "docker"
      user   = "10001:10001"

      kill_signal  = "SIGTERM" # warm shutdown: the task in hand is finished, no new one is taken
      kill_timeout = "120s"    # needs the client's max_kill_timeout = "120s"

      config {
        image           = var.backend_image
        command         = "celery"
        args            = ["-A", "celery_app", "worker", "--loglevel", var.log_level, "--concurrency", "${var.worker_concurrency}", "--without-gossip", "--without-mingle"]
        volumes         = local.backend_source
        cap_drop        = ["all"]
        security_opt    = ["no-new-privileges"]
        readonly_rootfs = true

        mount {
          type   = "tmpfs"
          target = "/tmp"
        }
      }

      env {
        ENVIRONMENT       = local.dev ? "development" : "production"
        LOG_LEVEL         = var.log_level
        POSTGRES_DB       = var.postgres_db
        POSTGRES_USER     = var.postgres_user
        UPLOAD_DIR        = "/data/uploads"
        SMTP_ADDRESS_FILE = "${NOMAD_TASK_DIR}/smtp"
        SMTP_HOST         = var.smtp.host
        SMTP_PORT         = var.smtp.port
        MAIL_FROM         = var.smtp.from
        REPORT_TO         = var.report_to
        DEBUG_PORT        = local.dev ? "8001" : ""
      }

      template {
        data        = templatefile("files/app.env.tpl", { release = release.name, job = "${release.name}-app", group = "celery-worker", task = "celery-worker", login = false })
        destination = "secrets/app.env"
        env         = true
        change_mode = "restart"
      }

      # The sink of dev moves without the worker noticing: the file is read for each mail.
      template {
        data        = <<-EOT
          {{- range service "${release.name}-mail" }}{{ .Address }}:{{ .Port }}
          {{ end -}}
        EOT
        destination = "local/smtp"
        change_mode = "noop"
      }

      volume_mount {
        volume      = "upload_data"
        destination = "/data/uploads"
      }

      resources {
        cpu    = local.sizes["celery-worker"].cpu
        memory = local.sizes["celery-worker"].memory
      }

      logs {
        max_files     = 3
        max_file_size = 10
      }
    }
  }

  group "celery-beat" {
    count = 1 # exactly one; a lock in Redis keeps a stray second one quiet

    update {
      max_parallel      = 1
      auto_revert       = !local.dev
      min_healthy_time  = "5s"
      healthy_deadline  = local.healthy_deadline
      progress_deadline = local.progress_deadline
    }

    restart {
      attempts = 3
      interval = "5m"
      delay    = "5s"
      mode     = "fail"
    }

    # When each job last ran: kept across updates.
    ephemeral_disk {
      sticky  = true
      migrate = true
    }

    network {
      mode = "bridge"
      port "debug" {
        when         = local.dev
        static       = var.debug_ports.beat
        to           = 8001
        host_network = var.debug_network
      }
    }

    wait_for "postgres" {
      timeout = local.wait
    }

    wait_for "redis" {
      timeout = local.wait
    }

    service {
      name = "${release.name}-celery-beat"

      check {
        name     = "process and schedule"
        type     = "script"
        task     = "celery-beat"
        command  = "/bin/sh"
        args     = ["/app/check-beat.sh"]
        interval = "10s"
        timeout  = "15s"
      }
    }

    task "celery-beat" {
      driver = "docker"
      user   = "10001:10001"

      kill_signal  = "SIGTERM"
      kill_timeout = "15s"

      config {
        image           = var.backend_image
        command         = "celery"
        args            = ["-A", "celery_app", "beat", "--loglevel", var.log_level, "--schedule", "${NOMAD_ALLOC_DIR}/data/celerybeat-schedule", "--pidfile", "/tmp/celery-beat.pid"]
        volumes         = local.backend_source
        cap_drop        = ["all"]
        security_opt    = ["no-new-privileges"]
        readonly_rootfs = true

        mount {
          type   = "tmpfs"
          target = "/tmp"
        }
      }

      env {
        ENVIRONMENT         = local.dev ? "development" : "production"
        LOG_LEVEL           = var.log_level
        POSTGRES_DB         = var.postgres_db
        POSTGRES_USER       = var.postgres_user
        SCHEDULE_CLEANUP    = var.schedule.cleanup
        SCHEDULE_HEALTH     = var.schedule.health
        SCHEDULE_REPORT     = var.schedule.report
        BEAT_HEARTBEAT_FILE = "/tmp/celery-beat.heartbeat"
        DEBUG_PORT          = local.dev ? "8001" : ""
      }

      template {
        data        = templatefile("files/app.env.tpl", { release = release.name, job = "${release.name}-app", group = "celery-beat", task = "celery-beat", login = false })
        destination = "secrets/app.env"
        env         = true
        change_mode = "restart"
      }

      resources {
        cpu    = local.sizes["celery-beat"].cpu
        memory = local.sizes["celery-beat"].memory
      }

      logs {
        max_files     = 3
        max_file_size = 10
      }
    }
  }
}
