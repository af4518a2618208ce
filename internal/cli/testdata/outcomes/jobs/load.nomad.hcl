job "load" {
  type = "batch"
  when = var.ends == "batch"

  group "load" {
    restart {
      attempts = 0
      mode     = "fail"
    }

    reschedule {
      attempts  = 0
      unlimited = false
    }

    task "main" {
      driver = "raw_exec"

      config {
        command = "/bin/sh"
        args    = ["-c", "echo 3 rows do not fit; exit 7"]
      }

      env {
        GENERATION = var.generation
      }

      resources {
        cpu    = 20
        memory = 20
      }
    }
  }
}
