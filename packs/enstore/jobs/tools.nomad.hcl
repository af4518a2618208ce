# phpMyAdmin, on loopback, for development.
job "tools" {
  when        = local.dev
  type        = "service"
  datacenters = var.datacenters

  group "phpmyadmin" {
    count = 1

    update {
      max_parallel      = 1
      min_healthy_time  = "3s"
      healthy_deadline  = local.healthy_deadline
      progress_deadline = local.progress_deadline
    }

    restart {
      attempts = 5
      interval = "5m"
      delay    = "3s"
      mode     = "fail"
    }

    network {
      mode = "bridge"
      port "http" {
        static       = var.debug_ports.phpmyadmin
        to           = 8080
        host_network = var.debug_network
      }
    }

    wait_for "db" {
      timeout = local.wait
    }

    service {
      name = "${release.name}-phpmyadmin"
      port = "http"

      check {
        name     = "login page"
        type     = "http"
        path     = "/"
        interval = "10s"
        timeout  = "10s"
      }
    }

    task "phpmyadmin" {
      driver = "docker"

      kill_signal  = "SIGWINCH" # Apache finishes the requests that it has
      kill_timeout = "10s"

      config {
        image          = var.phpmyadmin_image
        ports          = ["http"]
        cpu_hard_limit = var.cpu_limit
        security_opt   = ["no-new-privileges"]
      }

      env {
        APACHE_PORT = "8080"
      }

      # While the database is away the address stays.
      template {
        data        = <<-EOT
          {{ with service "${release.name}-db" }}{{ with index . 0 }}
          PMA_HOST={{ .Address }}
          PMA_PORT={{ .Port }}
          {{ end }}{{ else }}{{ with nomadVar "nomad/jobs/${release.name}-tools/phpmyadmin/phpmyadmin" }}{{ end }}{{ end }}
        EOT
        destination = "local/pma.env"
        env         = true
        change_mode = "restart"
      }

      resources {
        cpu    = local.sizes.phpmyadmin.cpu
        memory = local.sizes.phpmyadmin.memory
      }

      logs {
        max_files     = 3
        max_file_size = 10
      }
    }
  }
}
