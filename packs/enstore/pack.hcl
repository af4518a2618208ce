pack "enstore" {
  version     = "1.0.0"
  description = "The Enstore stack: Laravel on PHP-FPM behind nginx, MySQL, Redis, queue workers and a scheduler; Next.js and Flutter by profile"

  sidecar {
    driver         = "docker"
    image          = var.sidecar_image
    consul_address = var.consul_address
  }
}

# Each is kept in Nomad Variables, at nomad/jobs/<job> of every job that reads it. A missing one is generated, never shown.

credential "db" {
  password { length = 32 }
}

credential "db_root" {
  password { length = 32 }
}

credential "redis" {
  password { length = 32 }
}

credential "app_key" {
  bytes { # AES-256: exactly 32, written as Laravel's key:generate does
    length = 32
    prefix = "base64:"
  }
}

# The operator's own: tls_certificate and tls_key. Development speaks plain HTTP on loopback.
credential "tls" {
  when     = !local.dev
  generate = false

  certificate {
    common_name = var.domain
  }
}

# Nomad's own volume specification. The users are those of the official images: mysql and redis are both 999.

volume "dbdata" {
  type      = "host"
  plugin_id = var.volume_plugin

  parameters = {
    mode = "0700"
    uid  = "999"
    gid  = "999"
  }

  capability {
    access_mode     = "single-node-writer"
    attachment_mode = "file-system"
  }
}

volume "redisdata" {
  type      = "host"
  plugin_id = var.volume_plugin

  parameters = {
    mode = "0700"
    uid  = "999"
    gid  = "999"
  }

  capability {
    access_mode     = "single-node-writer"
    attachment_mode = "file-system"
  }
}

output "api" {
  description = "The API"
  value       = "${local.front_door}/api"
}

output "frontend" {
  when        = local.frontend
  description = "The shop, in Next.js"
  value       = local.dev ? "http://localhost:${var.frontend_port}/" : "${local.front_door}/"
}

output "flutter_web" {
  when        = local.flutter
  description = "The Flutter web application"
  value       = local.dev ? "http://localhost:${var.flutter_port}/" : "https://${var.domain}:${var.flutter_port}/"
}

output "phpmyadmin" {
  when        = local.dev
  description = "phpMyAdmin (development)"
  value       = "http://127.0.0.1:${var.debug_ports.phpmyadmin}/"
}

output "database" {
  when        = local.dev
  description = "The database's user; this prints the password"
  value       = "${var.db_user}, nomad var get -namespace ${release.namespace} -out go-template -template '{{ .Items.db }}' nomad/jobs/${release.name}-app"
}
