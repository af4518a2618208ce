# What must outlive every release of the application: the database, and the cache and task queue.
job "data" {
  type        = "service"
  datacenters = var.datacenters

  group "postgres" {
    count = 1

    # One writer on one volume: the old one is gone before the new one starts, and trying goes on where the data is.
    update {
      max_parallel      = 1
      min_healthy_time  = "5s"
      healthy_deadline  = local.healthy_deadline
      progress_deadline = local.progress_deadline
      auto_revert       = false
    }

    restart {
      attempts = 5
      interval = "10m"
      delay    = "5s"
      mode     = "delay"
    }

    network {
      mode = "bridge"
      port "db" {
        to = 5432
      }
      port "debug" {
        when         = local.dev
        static       = var.debug_ports.postgres
        to           = 5432
        host_network = var.debug_network
      }
    }

    volume "pgdata" {
      type            = "host"
      source          = "${release.name}-pgdata"
      access_mode     = "single-node-writer"
      attachment_mode = "file-system"
    }

    service {
      name = "${release.name}-postgres"
      port = "db"

      check {
        name     = "pg_isready"
        type     = "script"
        task     = "postgres"
        command  = "pg_isready"
        args     = ["-h", "127.0.0.1", "-U", var.postgres_user, "-d", var.postgres_db, "-t", "3"]
        interval = "5s"
        timeout  = "15s"
      }
    }

    task "postgres" {
      driver = "docker"
      user   = "999:999"

      kill_signal  = "SIGINT" # fast shutdown; SIGTERM would wait for every client
      kill_timeout = "60s"    # needs the client's max_kill_timeout = "60s"

      config {
        image           = var.postgres_image
        ports           = local.dev ? ["db", "debug"] : ["db"]
        args            = concat(["postgres"], flatten([for name, value in var.postgres_settings : ["-c", "${name}=${value}"]]))
        shm_size        = 134217728
        cap_drop        = ["all"]
        security_opt    = ["no-new-privileges"]
        readonly_rootfs = true

        mount {
          type   = "tmpfs"
          target = "/tmp"
        }
        mount {
          type   = "tmpfs"
          target = "/var/run/postgresql"
        }
      }

      env {
        POSTGRES_DB            = var.postgres_db
        POSTGRES_USER          = var.postgres_user
        POSTGRES_PASSWORD_FILE = "${NOMAD_SECRETS_DIR}/password"
        PGDATA                 = "/var/lib/postgresql/data/pgdata"
      }

      # Read once, when the volume is empty.
      template {
        data        = <<-EOT
          {{- with nomadVar "nomad/jobs/${release.name}-data" }}{{ .db }}{{ end -}}
        EOT
        destination = "secrets/password"
        perms       = "0400"
        uid         = 999
        gid         = 999
        change_mode = "noop"
      }

      volume_mount {
        volume      = "pgdata"
        destination = "/var/lib/postgresql/data"
      }

      resources {
        cpu    = local.sizes.postgres.cpu
        memory = local.sizes.postgres.memory
      }

      logs {
        max_files     = 3
        max_file_size = 10
      }
    }
  }

  group "redis" {
    count = 1

    update {
      max_parallel      = 1
      min_healthy_time  = "5s"
      healthy_deadline  = local.healthy_deadline
      progress_deadline = local.progress_deadline
      auto_revert       = false
    }

    restart {
      attempts = 5
      interval = "10m"
      delay    = "5s"
      mode     = "delay"
    }

    network {
      mode = "bridge"
      port "redis" {
        to = 6379
      }
      port "debug" {
        when         = local.dev
        static       = var.debug_ports.redis
        to           = 6379
        host_network = var.debug_network
      }
    }

    volume "redisdata" {
      type            = "host"
      source          = "${release.name}-redisdata"
      access_mode     = "single-node-writer"
      attachment_mode = "file-system"
    }

    service {
      name = "${release.name}-redis"
      port = "redis"

      check {
        name     = "redis-cli ping"
        type     = "script"
        task     = "redis"
        command  = "/bin/sh"
        args     = ["-c", "REDISCLI_AUTH=$(cat $NOMAD_SECRETS_DIR/password) redis-cli ping | grep -x PONG"]
        interval = "5s"
        timeout  = "15s"
      }
    }

    task "redis" {
      driver = "docker"
      user   = "999:999"

      kill_signal  = "SIGTERM" # saves, then stops
      kill_timeout = "30s"

      config {
        image           = var.redis_image
        ports           = local.dev ? ["redis", "debug"] : ["redis"]
        args            = ["redis-server", "${NOMAD_SECRETS_DIR}/redis.conf"]
        cap_drop        = ["all"]
        security_opt    = ["no-new-privileges"]
        readonly_rootfs = true
      }

      template {
        data        = <<-EOT
          bind * -::*
          port 6379
          dir /data
          appendonly yes
          appendfsync everysec
          save 300 10
          maxmemory ${var.redis_maxmemory}
          maxmemory-policy noeviction
          loglevel ${local.dev ? "verbose" : "notice"}
          {{ with nomadVar "nomad/jobs/${release.name}-data" }}requirepass {{ .redis }}{{ end }}
        EOT
        destination = "secrets/redis.conf"
        perms       = "0400"
        uid         = 999
        gid         = 999
        change_mode = "restart"
      }

      template {
        data        = <<-EOT
          {{- with nomadVar "nomad/jobs/${release.name}-data" }}{{ .redis }}{{ end -}}
        EOT
        destination = "secrets/password"
        perms       = "0400"
        uid         = 999
        gid         = 999
        change_mode = "noop"
      }

      volume_mount {
        volume      = "redisdata"
        destination = "/data"
      }

      resources {
        cpu    = local.sizes.redis.cpu
        memory = local.sizes.redis.memory
      }

      logs {
        max_files     = 3
        max_file_size = 10
      }
    }
  }
}
