# It never changes.
job "db" {
  group "db" {
    update {
      min_healthy_time = "200ms"
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
        memory = 20
      }
    }
  }
}
