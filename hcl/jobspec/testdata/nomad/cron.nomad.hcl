# The older spelling of periodic, and tasks outside a group, which Nomad gives groups of their own.
variable "image" { default = "busybox" }

job "cron" {
  type = "batch"
  periodic {
    cron = "@hourly"
  }
  task "alone" {
    driver = "docker"
    config { image = var.image }
    kind = "k-${var.image}"
  }
  task "other" {
    driver = "docker"
    config {
      image = "${var.image}:1"
    }
    env {
      IMAGE = var.image
    }
  }
}
