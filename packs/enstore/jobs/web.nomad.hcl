# What clients meet: the front door, and, by profile, the web applications beside it.
job "web" {
  type        = "service"
  datacenters = var.datacenters

  group "backend-nginx" {
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
      attempts = 5
      interval = "5m"
      delay    = "1s"
      mode     = "fail"
    }

    network {
      mode = "bridge"
      # dev: the API. prod: the redirect to HTTPS.
      port "http" {
        static       = var.http_port
        to           = 8080
        host_network = var.host_network
      }
      port "https" {
        when         = !local.dev
        static       = var.https_port
        to           = 8443
        host_network = var.host_network
      }
      port "flutter" {
        when         = !local.dev && local.flutter
        static       = var.flutter_port
        to           = 5443
        host_network = var.host_network
      }
    }

    wait_for "backend" {
      timeout = local.wait
    }

    # prod: the front door serves the web applications too, and routes to each from its first moment.
    wait_for "frontend" {
      when    = !local.dev && local.frontend
      timeout = local.wait
    }

    wait_for "flutter-web" {
      when    = !local.dev && local.flutter
      timeout = local.wait
    }

    service {
      name = "${release.name}-backend-nginx"
      port = local.dev ? "http" : "https"

      check {
        name            = "localhost"
        type            = "http"
        protocol        = local.dev ? "http" : "https"
        tls_skip_verify = true
        path            = "/nginx-health"
        interval        = "5s"
        timeout         = "3s"
      }
    }

    task "backend-nginx" {
      driver = "docker"
      user   = "101:101"

      kill_signal  = "SIGQUIT" # finishes the requests that it has
      kill_timeout = "20s"

      consul {} # with ACLs on, a token that may look up the upstreams

      config {
        image           = var.nginx_image
        ports           = concat(["http"], local.dev ? [] : ["https"], !local.dev && local.flutter ? ["flutter"] : [])
        args            = ["nginx", "-c", "${NOMAD_TASK_DIR}/nginx.conf", "-g", "daemon off;"]
        cpu_hard_limit  = var.cpu_limit
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
          release      = release.name
          dev          = local.dev
          domain       = var.domain
          https_suffix = local.https_suffix
          max_body_mb  = var.max_body_mb
          frontend     = !local.dev && local.frontend
          flutter      = !local.dev && local.flutter
        })
        destination   = "local/nginx.conf"
        change_mode   = "signal"
        change_signal = "SIGHUP"
      }

      template {
        when          = !local.dev
        data          = "{{ with nomadVar \"nomad/jobs/${release.name}-web\" }}{{ .tls_certificate }}{{ end }}"
        destination   = "secrets/tls.crt"
        change_mode   = "signal"
        change_signal = "SIGHUP"
      }

      template {
        when          = !local.dev
        data          = "{{ with nomadVar \"nomad/jobs/${release.name}-web\" }}{{ .tls_key }}{{ end }}"
        destination   = "secrets/tls.key"
        perms         = "0400"
        uid           = 101
        gid           = 101
        change_mode   = "signal"
        change_signal = "SIGHUP"
      }

      resources {
        cpu    = local.sizes["backend-nginx"].cpu
        memory = local.sizes["backend-nginx"].memory
      }

      logs {
        max_files     = 5
        max_file_size = 10
      }
    }
  }

  group "frontend" {
    when  = local.frontend
    count = 1

    shutdown_delay = local.dev ? "0s" : "6s"

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
      attempts = 5
      interval = "5m"
      delay    = "2s"
      mode     = "fail"
    }

    network {
      mode = "bridge"
      # dev: Next.js itself on loopback. prod: the front door finds it in Consul.
      port "http" {
        when         = local.dev
        static       = var.frontend_port
        to           = 3000
        host_network = var.host_network
      }
      port "http" {
        when = !local.dev
        to   = 3000
      }
    }

    service {
      name = "${release.name}-frontend"
      port = "http"

      check {
        name     = "healthz"
        type     = "http"
        path     = "/healthz"
        interval = "5s"
        timeout  = "5s"
      }
    }

    task "frontend" {
      driver = "docker"
      user   = "10001:10001"

      kill_signal  = "SIGTERM"
      kill_timeout = "10s"

      config {
        image           = var.frontend_image
        command         = local.dev ? "next" : "node"
        args            = local.dev ? ["dev", "/app"] : ["server.js"]
        ports           = ["http"]
        volumes         = local.frontend_source
        cpu_hard_limit  = var.cpu_limit
        cap_drop        = ["all"]
        security_opt    = ["no-new-privileges"]
        readonly_rootfs = true

        mount {
          type   = "tmpfs"
          target = "/tmp"
        }
      }

      env {
        NEXT_PUBLIC_API_URL = local.api_url
        PORT                = "3000"
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

  group "flutter-web" {
    when  = local.flutter
    count = 1

    shutdown_delay = local.dev ? "0s" : "6s"

    update {
      max_parallel      = 1
      canary            = local.dev ? 0 : 1
      auto_promote      = !local.dev
      auto_revert       = !local.dev
      min_healthy_time  = "3s"
      healthy_deadline  = local.healthy_deadline
      progress_deadline = local.progress_deadline
    }

    restart {
      attempts = 5
      interval = "5m"
      delay    = "2s"
      mode     = "fail"
    }

    network {
      mode = "bridge"
      port "http" {
        when         = local.dev
        static       = var.flutter_port
        to           = 5000
        host_network = var.host_network
      }
      port "http" {
        when = !local.dev
        to   = 5000
      }
    }

    service {
      name = "${release.name}-flutter-web"
      port = "http"

      check {
        name     = "page"
        type     = "http"
        path     = "/"
        interval = "5s"
        timeout  = "3s"
      }
    }

    task "flutter-web" {
      driver = "docker"
      user   = "101:101"

      kill_signal  = "SIGQUIT"
      kill_timeout = "10s"

      config {
        image           = var.nginx_image
        ports           = ["http"]
        args            = ["nginx", "-c", "${NOMAD_TASK_DIR}/nginx.conf", "-g", "daemon off;"]
        volumes         = var.flutter_dir != "" ? ["${var.flutter_dir}:/local/www:ro"] : []
        cpu_hard_limit  = var.cpu_limit
        cap_drop        = ["all"]
        security_opt    = ["no-new-privileges"]
        readonly_rootfs = true

        mount {
          type   = "tmpfs"
          target = "/tmp"
        }
      }

      artifact {
        when        = var.flutter_artifact != ""
        source      = var.flutter_artifact
        destination = "local/www"
      }

      template {
        when        = var.flutter_artifact == "" && var.flutter_dir == ""
        data        = file("files/flutter-web/index.html")
        destination = "local/www/index.html"
        change_mode = "noop"
      }

      template {
        data        = file("files/flutter-web.nginx.conf")
        destination = "local/nginx.conf"
      }

      resources {
        cpu    = local.sizes["flutter-web"].cpu
        memory = local.sizes["flutter-web"].memory
      }

      logs {
        max_files     = 3
        max_file_size = 10
      }
    }
  }
}
