# A parameterized batch job with payload, on several regions.
variable "regions" {
  default = {
    west = { count = 2, dcs = ["w1", "w2"] }
    east = { count = 1, dcs = ["e1"] }
  }
}
variable "kind" { default = "email" }

job "batch" {
  type = "batch"

  multiregion {
    strategy {
      max_parallel = 1
      on_failure   = "fail_all"
    }
    dynamic "region" {
      for_each = var.regions
      labels   = [region.key]
      content {
        count       = region.value.count
        datacenters = region.value.dcs
        node_pool   = "pool-${region.key}"
        meta {
          region = region.key
          kind   = var.kind
        }
      }
    }
    region "south" {
      count = 0
      meta {
        kind = "${var.kind}-s"
      }
    }
  }

  parameterized {
    payload       = "required"
    meta_required = ["${var.kind}_id"]
    meta_optional = [for k in ["a", "b"] : "${var.kind}_${k}"]
  }

  group "work" {
    task "work" {
      driver = "java"
      config {
        jar_path    = "local/${var.kind}.jar"
        jvm_options = ["-Xmx${64 * 2}m"]
      }
      dispatch_payload {
        file = "${var.kind}.json"
      }
    }
  }
}
