# A supplier that stands in for the real one in development: it delays and fails on purpose, and does nothing twice.
job "supplier" {
  when        = local.dev && var.supplier_url == ""
  type        = "service"
  datacenters = var.datacenters

  group "supplier" {
    count = 1

    update {
      max_parallel      = 1
      min_healthy_time  = "3s"
      healthy_deadline  = "3m"
      progress_deadline = "5m"
    }

    restart {
      attempts = 5
      interval = "5m"
      delay    = "2s"
      mode     = "fail"
    }

    # What it has done for whom outlives it.
    ephemeral_disk {
      sticky  = true
      migrate = true
    }

    network {
      mode = "bridge"
      port "http" {
        to = 8080
      }
    }

    service {
      name = "${release.name}-supplier"
      port = "http"

      check {
        name     = "health"
        type     = "http"
        path     = "/health"
        interval = "5s"
        timeout  = "3s"
      }
    }

    task "supplier" {
      driver = "docker"
      user   = "10001:10001"

      kill_signal  = "SIGTERM"
      kill_timeout = "30s"

      config {
        image           = var.supplier_image
        ports           = ["http"]
        cap_drop        = ["all"]
        security_opt    = ["no-new-privileges"]
        readonly_rootfs = true
      }

      env {
        PORT     = "8080"
        DATA_DIR = "${NOMAD_ALLOC_DIR}/data"
      }

      resources {
        cpu    = local.sizes.supplier.cpu
        memory = local.sizes.supplier.memory
      }

      logs {
        max_files     = 3
        max_file_size = 10
      }
    }
  }
}
