# A periodic job on every node: sysbatch.
variable "minute" { default = 15 }
variable "on" { default = true }

job "periodic" {
  type = "sysbatch"
  periodic {
    enabled          = var.on
    crons            = ["*/${var.minute} * * * *", "@daily"]
    prohibit_overlap = var.on
    time_zone        = "Europe/${"Berlin"}"
  }
  group "clean" {
    task "clean" {
      driver = "raw_exec"
      config {
        command = "/bin/sh"
        args    = ["-c", "find / -mmin +${var.minute} | wc -l > $${NOMAD_TASK_DIR}/n"]
      }
    }
  }
}
