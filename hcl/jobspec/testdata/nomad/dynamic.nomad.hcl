variable "tiers" {
  type = map(object({ count = number, ports = list(string) }))
  default = {
    web = { count = 2, ports = ["http", "admin"] }
    api = { count = 1, ports = [] }
  }
}

variable "tags" {
  type    = set(string)
  default = ["b", "a"]
}

job "dynamic" {
  dynamic "group" {
    for_each = var.tiers
    iterator = tier
    labels   = ["g-${tier.key}"]

    content {
      count = tier.value.count

      network {
        dynamic "port" {
          for_each = tier.value.ports
          labels   = [port.value]
          content {}
        }
      }

      dynamic "service" {
        for_each = tier.value.ports
        content {
          name = "${tier.key}-${service.value}-${service.key}"
          port = service.value
          tags = concat([for t in var.tags : "${t}-${service.key}"], ["${NOMAD_DC}"])
        }
      }

      task "t" {
        driver = "raw_exec"
        config {
          command = tier.key
          args    = [for p in tier.value.ports : "${p}-${NOMAD_DC}-${tier.key}"]
        }
      }
    }
  }

  group "left" {
    dynamic "service" {
      for_each = ["a", "b"]
      content {
        name = "left-${service.value}"
      }
    }
    dynamic "service" {
      for_each = ["c", "d"]
      content {
        name = "right-${service.value}-${length(var.tags)}"
      }
    }
    task "t" {
      driver = "raw_exec"
    }
  }
}
