# It changes with each revision, and most faults are its own.
job "api" {
  group "api" {
    service {
      name = "${release.name}-api"

      check {
        name     = "ready"
        type     = "script"
        task     = "main"
        command  = "/bin/sh"
        args     = ["-c", "echo ${local.ready ? "ready" : "the database refuses the password"}; exit ${local.ready ? 0 : 2}"]
        interval = "1s"
        timeout  = "5s"
      }
    }

    update {
      min_healthy_time  = "200ms"
      healthy_deadline  = local.quick ? "4s" : "1m"
      progress_deadline = local.quick ? "5s" : "2m"
      auto_revert       = var.ends == "reverted"
    }

    restart {
      attempts = 0
      mode     = "fail"
    }

    reschedule {
      attempts  = 0
      unlimited = false
    }

    task "first" {
      when   = contains(["prestart", "slow"], var.ends)
      driver = "raw_exec"

      lifecycle {
        hook = "prestart"
      }

      config {
        command = "/bin/sh"
        args    = ["-c", var.ends == "slow" ? "exec sleep 3600" : "echo the disk is not mounted >&2; exit 3"]
      }

      kill_timeout = "1s"

      resources {
        cpu    = 20
        memory = 20
      }
    }

    task "main" {
      driver       = "raw_exec"
      kill_timeout = "1s"

      config {
        command = var.ends == "image" ? "/no/such/program" : "/bin/sh"
        args    = ["-c", var.ends == "exits" ? "echo reading the config; echo cannot open the config >&2; exit 1" : "exec sleep 3600"]
      }

      artifact {
        when   = var.ends == "artifact"
        source = "http://127.0.0.1:1/api.tar.gz"
      }

      env {
        GENERATION = var.generation
      }

      resources {
        cpu    = 20
        memory = var.memory
      }
    }
  }
}
