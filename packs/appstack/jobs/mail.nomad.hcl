# An SMTP sink: what the workers mail in development ends here and can be read.
job "mail" {
  when        = local.dev
  type        = "service"
  datacenters = var.datacenters

  group "mail" {
    count = 1

    update {
      max_parallel      = 1
      min_healthy_time  = "3s"
      healthy_deadline  = "3m"
      progress_deadline = "5m"
    }

    restart {
      attempts = 3
      interval = "5m"
      delay    = "5s"
      mode     = "fail"
    }

    network {
      mode = "bridge"
      port "smtp" {
        to = 1025
      }
      port "http" {
        static       = var.debug_ports.mail
        to           = 8025
        host_network = var.debug_network
      }
      port "debug" {
        static       = var.debug_ports.smtp
        to           = 1025
        host_network = var.debug_network
      }
    }

    service {
      name = "${release.name}-mail"
      port = "smtp"

      check {
        name     = "ready"
        type     = "http"
        port     = "http"
        path     = "/readyz"
        interval = "5s"
        timeout  = "3s"
      }
    }

    task "mail" {
      driver = "docker"
      user   = "10001:10001"

      kill_signal  = "SIGTERM"
      kill_timeout = "5s"

      config {
        image           = var.mail_image
        ports           = ["smtp", "http", "debug"]
        cap_drop        = ["all"]
        security_opt    = ["no-new-privileges"]
        readonly_rootfs = true
      }

      resources {
        cpu    = local.sizes.mail.cpu
        memory = local.sizes.mail.memory
      }

      logs {
        max_files     = 2
        max_file_size = 5
      }
    }
  }
}
