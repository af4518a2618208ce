# What browsers meet: the front door, and the React application behind it.
job "web" {
  type        = "service"
  datacenters = var.datacenters

  group "nginx" {
    count = 1

    # Its ports are taken on the host: the old one goes before the new one comes. What changes often (upstreams,
    # certificate) is reloaded in place instead.
    update {
      max_parallel      = 1
      auto_revert       = !local.dev
      min_healthy_time  = "5s"
      healthy_deadline  = local.healthy_deadline
      progress_deadline = local.progress_deadline
    }

    restart {
      attempts = 3
      interval = "5m"
      delay    = "5s"
      mode     = "fail"
    }

    network {
      mode = "bridge"
      port "https" {
        static       = var.https_port
        to           = 8443
        host_network = var.host_network
      }
      port "http" {
        static       = var.http_port
        to           = 8080
        host_network = var.host_network
      }
      port "debug" {
        when         = local.dev
        static       = var.debug_ports.nginx
        to           = 8081
        host_network = var.debug_network
      }
    }

    wait_for "frontend" {
      timeout = local.wait
    }

    wait_for "backend" {
      timeout = local.wait
    }

    service {
      name = "${release.name}-nginx"
      port = "https"

      check {
        name            = "https to localhost"
        type            = "http"
        protocol        = "https"
        tls_skip_verify = true
        path            = "/nginx-health"
        interval        = "5s"
        timeout         = "3s"
      }
    }

    task "nginx" {
      driver = "docker"
      user   = "101:101"

      kill_signal  = "SIGQUIT" # finishes the requests that it has
      kill_timeout = "20s"

      consul {} # with ACLs on, a token that may look up the upstreams

      config {
        image           = var.nginx_image
        ports           = local.dev ? ["https", "http", "debug"] : ["https", "http"]
        args            = ["nginx", "-c", "${NOMAD_TASK_DIR}/nginx.conf", "-g", "daemon off;"]
        cap_drop        = ["all"]
        security_opt    = ["no-new-privileges"]
        readonly_rootfs = true

        mount {
          type   = "tmpfs"
          target = "/tmp"
        }
      }

      # Rendered again whenever an instance comes or goes, and reloaded: running requests stay with the old workers.
      template {
        data = templatefile("files/nginx.conf.tpl", {
          release       = release.name
          dev           = local.dev
          domain        = var.domain
          https_suffix  = var.https_port == 443 ? "" : ":${var.https_port}"
          max_upload_mb = var.max_upload_mb
          monitor_allow = var.monitor_allow
        })
        destination   = "local/nginx.conf"
        change_mode   = "signal"
        change_signal = "SIGHUP"
      }

      template {
        data          = "{{ with nomadVar \"nomad/jobs/${release.name}-web\" }}{{ .tls_certificate }}{{ end }}"
        destination   = "secrets/tls.crt"
        change_mode   = "signal"
        change_signal = "SIGHUP"
      }

      template {
        data          = "{{ with nomadVar \"nomad/jobs/${release.name}-web\" }}{{ .tls_key }}{{ end }}"
        destination   = "secrets/tls.key"
        perms         = "0400"
        uid           = 101
        gid           = 101
        change_mode   = "signal"
        change_signal = "SIGHUP"
      }

      resources {
        cpu    = local.sizes.nginx.cpu
        memory = local.sizes.nginx.memory
      }

      logs {
        max_files     = 5
        max_file_size = 10
      }
    }
  }

  group "frontend" {
    count = 1

    shutdown_delay = "6s"

    update {
      max_parallel      = 1
      canary            = local.dev ? 0 : 1
      auto_promote      = !local.dev
      auto_revert       = !local.dev
      min_healthy_time  = "5s"
      healthy_deadline  = local.healthy_deadline
      progress_deadline = local.progress_deadline
    }

    restart {
      attempts = 3
      interval = "5m"
      delay    = "5s"
      mode     = "fail"
    }

    network {
      mode = "bridge"
      port "http" {
        to = 3000
      }
      port "debug" {
        when         = local.dev
        static       = var.debug_ports.frontend
        to           = 3000
        host_network = var.debug_network
      }
    }

    service {
      name = "${release.name}-frontend"
      port = "http"

      check {
        name     = "page"
        type     = "http"
        path     = "/"
        interval = "5s"
        timeout  = "5s"
        header {
          Accept = ["text/html"]
        }
      }
    }

    # React 18 with Vite's development server, hot reload and source maps.
    task "frontend" {
      when   = local.dev
      driver = "docker"
      user   = "10001:10001"

      kill_signal  = "SIGTERM"
      kill_timeout = "10s"

      config {
        image           = var.frontend_image
        ports           = ["http", "debug"]
        volumes         = local.frontend_source
        cap_drop        = ["all"]
        security_opt    = ["no-new-privileges"]
        readonly_rootfs = true

        mount {
          type   = "tmpfs"
          target = "/tmp"
        }
      }

      env {
        REACT_APP_API_URL = local.api_url
        HMR_CLIENT_PORT   = var.https_port
        DOMAIN            = var.domain
        VITE_CACHE_DIR    = "/tmp/vite"
      }

      resources {
        cpu    = local.sizes.frontend.cpu
        memory = local.sizes.frontend.memory
      }

      logs {
        max_files     = 3
        max_file_size = 10
      }
    }

    # The same source built: static files behind a small nginx.
    task "web" {
      when   = !local.dev
      driver = "docker"
      user   = "101:101"

      kill_signal  = "SIGQUIT"
      kill_timeout = "10s"

      config {
        image           = var.web_image
        ports           = ["http"]
        cap_drop        = ["all"]
        security_opt    = ["no-new-privileges"]
        readonly_rootfs = true

        mount {
          type   = "tmpfs"
          target = "/tmp"
        }
      }

      template {
        data        = "window.ENABLEDRM = ${jsonencode({ REACT_APP_API_URL = local.api_url })}\n"
        destination = "local/www/config.js"
      }

      resources {
        cpu    = local.sizes.frontend.cpu
        memory = local.sizes.frontend.memory
      }

      logs {
        max_files     = 3
        max_file_size = 10
      }
    }
  }
}
