variable "m" {
  type    = map(string)
  default = { a = "1" }
}

job "metas" {
  meta = merge(var.m, { b = "2" })
  type = "batch"

  periodic {
    crons = ["*/5 * * * *"]
  }

  parameterized {
    payload       = "optional"
    meta_required = [for k, v in var.m : k]
  }

  group "g" {
    meta = var.m

    scaling {
      min = 1
      max = 5
      policy {
        cooldown = "1m"
        when     = "a key like any other ${var.m["a"]}"
        check "x" {
          source = "prometheus"
          query  = "q{a=\"${var.m.a}\"}"
          strategy "target-value" {
            target = length(var.m)
          }
        }
      }
    }

    task "t" {
      driver = "exec"
      env    = { A = var.m.a, B = NOMAD_DC }
      meta   = { A = "${var.m.a}" }
      config {
        command = "x"
        when    = "kept"
      }
    }
  }
}
