# Constraints and affinities in all spellings, spread, devices, NUMA, resources: where allocations may run.
variable "kernel" { default = "linux" }
variable "versions" { default = ">= 1.9, < 2.0" }
variable "weight" { default = -50 }
variable "model" { default = "nvidia/gpu/1080ti" }
variable "racks" { default = { r1 = 60, r2 = 40 } }

job "placement" {
  region      = "global"
  namespace   = "apps"
  type        = "service"
  priority    = 70
  datacenters = ["dc-${var.kernel}", "*"]
  node_pool   = "${var.kernel}-pool"
  all_at_once = true

  constraint {
    attribute = "${attr.kernel.name}"
    value     = var.kernel
  }
  constraint {
    attribute = "${attr.nomad.version}"
    operator  = "semver"
    value     = var.versions
  }
  constraint {
    attribute = "${attr.nomad.version}"
    version   = var.versions
  }
  constraint {
    attribute = "${attr.nomad.version}"
    semver    = var.versions
  }
  constraint {
    attribute = "${meta.zone}"
    regexp    = "^(a|b)-${var.kernel}$"
  }
  constraint {
    attribute    = "${meta.features}"
    set_contains = "x,${var.kernel}"
  }
  constraint {
    attribute        = "${meta.features}"
    set_contains_any = "x,y"
  }
  constraint {
    distinct_hosts = true
  }
  constraint {
    distinct_property = "${meta.rack}"
    value             = "2"
  }
  constraint {
    operator  = "distinct_property"
    attribute = "${meta.rack}"
  }
  constraint {
    attribute = "${meta.gone}"
    operator  = "is_not_set"
  }

  affinity {
    attribute = "${node.datacenter}"
    value     = "dc-${var.kernel}"
    weight    = var.weight
  }
  affinity {
    attribute = "${attr.nomad.version}"
    version   = var.versions
  }
  affinity {
    attribute = "${attr.nomad.version}"
    semver    = var.versions
    weight    = 1
  }
  affinity {
    attribute = "${meta.zone}"
    regexp    = var.kernel
  }
  affinity {
    attribute        = "${meta.features}"
    set_contains_all = "a"
  }
  affinity {
    attribute        = "${meta.features}"
    set_contains_any = var.kernel
  }
  affinity {
    attribute = "${meta.features}"
    operator  = "set_contains"
    value     = "a"
  }

  spread {
    attribute = "${meta.rack}"
    weight    = 100
    dynamic "target" {
      for_each = var.racks
      labels   = [target.key]
      content {
        percent = target.value
      }
    }
  }

  group "gpu" {
    count = 2
    constraint {
      attribute = "${attr.cpu.arch}"
      operator  = "!="
      value     = "arm64"
    }
    affinity {
      attribute = "${meta.fast}"
      value     = "true"
    }
    spread {
      attribute = "${node.unique.id}"
      target "x" {
        percent = 100
      }
    }

    task "cores" {
      driver = "docker"
      config { image = "x" }
      constraint {
        attribute = "${attr.driver.docker}"
        value     = "1"
      }
      affinity {
        attribute = "${attr.driver.docker.version}"
        operator  = ">"
        value     = "20"
        weight    = 5
      }
      resources {
        cores      = 4
        memory     = 256
        memory_max = 512
        secrets    = 2
        numa {
          affinity = "require"
          devices  = [var.model]
        }
        device "nvidia/gpu" {
          count = 2
          constraint {
            attribute = "${device.attr.memory}"
            operator  = ">="
            value     = "2 GiB"
          }
          affinity {
            attribute = "${device.model}"
            value     = var.model
            weight    = 50
          }
        }
      }
    }
    task "old" {
      driver = "exec"
      config { command = "/bin/true" }
      resources {
        cpu    = 100
        memory = 64
        disk   = 10
        iops   = 1
        network {
          mbits = 10
          port "legacy" {
            static = 1234
          }
        }
      }
    }
  }
}
