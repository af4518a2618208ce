job "after" {
  type = "batch"

  group "after" {
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
        args    = ["-c", var.ends == "after" ? "echo the login does not work >&2; exit 9" : "true"]
      }

      resources {
        cpu    = 20
        memory = 20
      }
    }
  }
}
