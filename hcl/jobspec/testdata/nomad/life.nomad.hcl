# How groups and tasks live: updates, restarts, disconnects, templates, artifacts, actions, schedules, identities, secrets.
variable "grace" { default = "30s" }
variable "tries" { default = 3 }
variable "name" { default = "prod" }
variable "role" { default = "reader" }
variable "headers" { default = { X-Api = "k", Accept = "*/*" } }
variable "script" { default = "#!/bin/sh\necho \"$1\"\n" }

job "life" {
  name = "life of ${var.name}"

  ui {
    description = "**${var.name}** runs here"
    link {
      label = "docs of ${var.name}"
      url   = "https://docs.example.com/${var.name}"
    }
    dynamic "link" {
      for_each = ["a", "b"]
      content {
        label = link.value
        url   = "https://${link.value}.example.com"
      }
    }
  }

  update {
    stagger           = var.grace
    max_parallel      = var.tries
    health_check      = "checks"
    min_healthy_time  = var.grace
    healthy_deadline  = "5m"
    progress_deadline = "10m"
    canary            = 1
    auto_revert       = true
    auto_promote      = true
  }
  migrate {
    max_parallel     = 1
    health_check     = "task_states"
    min_healthy_time = var.grace
    healthy_deadline = "5m"
  }
  reschedule {
    attempts       = var.tries
    interval       = "24h"
    delay          = var.grace
    delay_function = "exponential"
    max_delay      = "1h"
    unlimited      = false
  }
  vault {
    policies = ["a-${var.name}"]
  }
  meta {
    owner = var.name
  }

  group "all" {
    count                        = var.tries
    shutdown_delay               = var.grace
    max_run_duration             = "4h"
    stop_after_client_disconnect = "1h"
    meta = {
      a     = var.name
      "b c" = "${NOMAD_ALLOC_ID}-${var.name}"
    }
    consul {
      namespace = "ns-${var.name}"
      cluster   = "default"
      partition = "p"
    }
    restart {
      attempts         = var.tries
      interval         = "5m"
      delay            = var.grace
      mode             = "delay"
      render_templates = true
    }
    reschedule {
      delay          = "10s"
      delay_function = "constant"
      unlimited      = true
    }
    update {
      canary = 2
    }
    migrate {
      max_parallel = 2
    }
    ephemeral_disk {
      sticky  = true
      migrate = true
      size    = 100 * var.tries
    }
    scaling {
      enabled = true
      min     = 1
      max     = 10 + var.tries
      type    = "horizontal"
      policy {
        cooldown = var.grace
        check "cpu" {
          source = "prometheus"
          query  = "avg(cpu{job=\"${var.name}\"})"
          strategy "target-value" {
            target = 70
          }
        }
      }
    }

    task "main" {
      driver         = "docker"
      user           = "${var.name}"
      leader         = true
      kill_timeout   = var.grace
      kill_signal    = "SIG${"TERM"}"
      shutdown_delay = "1s"
      env = {
        A = var.name
        B = "${NOMAD_IP_http}:${var.tries}"
      }
      meta {
        tries = var.tries
      }
      config {
        image = "x:${var.name}"
        args  = ["--tries", "${var.tries}", "--alloc=${NOMAD_ALLOC_ID}"]
      }
      restart {
        attempts = 1
        mode     = "fail"
      }
      logs {
        max_files     = var.tries
        max_file_size = 5
        disabled      = false
        enabled       = true
      }
      artifact {
        source      = "https://example.com/${var.name}.tgz"
        destination = "local/${var.name}"
        mode        = "file"
        insecure    = true
        chown       = true
        options {
          checksum = "md5:${var.name}"
        }
        headers {
          X-Api = var.headers.X-Api
        }
      }
      template {
        data                 = var.script
        destination          = "local/run.sh"
        perms                = "0755"
        uid                  = 1000
        gid                  = 1000
        change_mode          = "script"
        splay                = var.grace
        once                 = true
        error_on_missing_key = true
        left_delimiter       = "[["
        right_delimiter      = "]]"
        vault_grace          = "15s"
        change_script {
          command             = "/bin/${var.name}"
          args                = [var.name]
          timeout             = var.grace
          fail_on_error       = true
          run_on_first_render = true
        }
        wait {
          min = "1s"
          max = var.grace
        }
      }
      template {
        source        = "local/${var.name}.tpl"
        destination   = "secrets/x.env"
        env           = true
        change_mode   = "signal"
        change_signal = "SIGHUP"
      }
      template {
        destination = "local/plain"
        data        = <<EOT
${var.name} {{ key "a/b" }} $${HOME} %%{ x }
  indented ${NOMAD_DC}
EOT
      }
      vault {
        role                   = var.role
        namespace              = "n"
        cluster                = "default"
        env                    = true
        disable_file           = true
        change_mode            = "signal"
        change_signal          = "SIGUSR1"
        allow_token_expiration = true
      }
      consul {
        cluster = "other"
      }
      identity {
        env  = true
        file = true
      }
      identity {
        name          = "aws"
        env           = true
        service_name  = "svc-${var.name}"
        aud           = ["sts.${var.name}"]
        change_mode   = "signal"
        change_signal = "SIGHUP"
        ttl           = "1h"
        filepath      = "secrets/${var.name}.jwt"
        file          = true
        extra_claims = ["env=${var.name}"]
      }
      secret "db" {
        provider = "nomad"
        path     = "nomad/jobs/${var.name}"
        config {
          namespace = "default"
        }
        env {
          LEVEL = var.name
        }
      }
      action "migrate" {
        command = "/bin/${var.name}"
        args    = ["--n", "${var.tries}"]
      }
      dynamic "action" {
        for_each = { flush = "all", warm = "cache" }
        labels   = [action.key]
        content {
          command = "/bin/redis-cli"
          args    = [action.value]
        }
      }
      schedule {
        cron {
          start    = "0 ${var.tries} * * * *"
          end      = "0 20"
          timezone = "UTC"
        }
      }
      scaling "cpu" {
        enabled = true
        min     = 100
        max     = 200
        policy {
          check "p" {
            source   = "x"
            strategy = "y"
          }
        }
      }
      resources {
        cpu    = 100
        memory = 64
      }
    }
    task "before" {
      driver = "exec"
      lifecycle {
        hook    = "prestart"
        sidecar = true
      }
      config { command = "/bin/true" }
    }
  }

  group "disconnected" {
    disconnect {
      lost_after = "6h"
      replace    = false
      reconcile  = "keep_original"
    }
    task "t" {
      driver = "exec"
      config { command = "/bin/true" }
    }
  }
  group "stopped" {
    prevent_reschedule_on_lost = true
    max_client_disconnect      = "1h"
    disconnect {
      stop_on_client_after = var.grace
    }
    task "t" {
      driver = "exec"
      config { command = "/bin/true" }
    }
  }
}
