# It is new with each revision that does not end well.
job "extra" {
  when = var.ends != "healthy"

  group "extra" {
    update {
      min_healthy_time  = "200ms"
      healthy_deadline  = local.quick ? "4s" : "1m"
      progress_deadline = local.quick ? "5s" : "2m"
    }

    task "main" {
      driver       = "raw_exec"
      kill_timeout = "1s"

      config {
        command = "/bin/sleep"
        args    = ["3600"]
      }

      resources {
        cpu    = 20
        memory = var.memory
      }
    }
  }
}
