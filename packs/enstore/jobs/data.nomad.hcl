# What must outlive every release of the application: the database, and the cache and job queue.
job "data" {
  type        = "service"
  datacenters = var.datacenters

  group "db" {
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
      delay    = "3s"
      mode     = "delay"
    }

    network {
      mode = "bridge"
      port "db" {
        to = 3306
      }
      port "debug" {
        when         = local.dev
        static       = var.debug_ports.db
        to           = 3306
        host_network = var.debug_network
      }
    }

    volume "dbdata" {
      type            = "host"
      source          = "${release.name}-dbdata"
      access_mode     = "single-node-writer"
      attachment_mode = "file-system"
    }

    service {
      name = "${release.name}-db"
      port = "db"

      # A query as the application's user, over TCP: while an empty volume is set up the server does not listen there.
      check {
        name     = "select 1"
        type     = "script"
        task     = "db"
        command  = "/bin/sh"
        args     = ["-c", "MYSQL_PWD=$(cat $NOMAD_SECRETS_DIR/password) mysql --protocol=tcp -h 127.0.0.1 -u \"$MYSQL_USER\" -N -e 'select 1' \"$MYSQL_DATABASE\""]
        interval = "5s"
        timeout  = "15s"
      }
    }

    task "db" {
      driver = "docker"
      user   = "999:999"

      kill_signal  = "SIGTERM"
      kill_timeout = "60s" # needs the client's max_kill_timeout = "60s"

      config {
        image           = var.mysql_image
        ports           = local.dev ? ["db", "debug"] : ["db"]
        args            = concat(["mysqld"], [for name, value in var.mysql_settings : "--${name}=${value}"])
        cpu_hard_limit  = var.cpu_limit
        cap_drop        = ["all"]
        security_opt    = ["no-new-privileges"]
        readonly_rootfs = true

        mount {
          type   = "tmpfs"
          target = "/tmp"
        }
        mount {
          type   = "tmpfs"
          target = "/var/run/mysqld"
          tmpfs_options {
            mode = 1023 # 01777: for mysql, who is not root here
          }
        }
      }

      env {
        MYSQL_DATABASE           = var.db_name
        MYSQL_USER               = var.db_user
        MYSQL_PASSWORD_FILE      = "${NOMAD_SECRETS_DIR}/password"
        MYSQL_ROOT_PASSWORD_FILE = "${NOMAD_SECRETS_DIR}/root_password"
      }

      # Both are read once, when the volume is empty.
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

      template {
        data        = <<-EOT
          {{- with nomadVar "nomad/jobs/${release.name}-data" }}{{ .db_root }}{{ end -}}
        EOT
        destination = "secrets/root_password"
        perms       = "0400"
        uid         = 999
        gid         = 999
        change_mode = "noop"
      }

      volume_mount {
        volume      = "dbdata"
        destination = "/var/lib/mysql"
      }

      resources {
        cpu    = local.sizes.db.cpu
        memory = local.sizes.db.memory
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
      delay    = "3s"
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
        cpu_hard_limit  = var.cpu_limit
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
          loglevel notice
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
