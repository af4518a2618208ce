pack "appstack" {
  version     = "1.0.0"
  description = "The ENABLEDRM stack: React, FastAPI, Celery, PostgreSQL and Redis behind nginx, with a monitor"

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

credential "redis" {
  password { length = 32 }
}

credential "secret_key" {
  password { length = 48 }
}

credential "jwt_secret_key" {
  password { length = 48 }
}

credential "login" {
  password { length = 20 }
}

credential "tls" {
  generate = var.env != "prod" # in prod the operator's own: tls_certificate and tls_key

  certificate {
    common_name = var.domain
    dns_names   = [var.domain, "localhost"]
    ips         = ["127.0.0.1"]
    valid_for   = "8760h"
  }
}

# Nomad's own volume specification. The users are those of the official images (postgres and redis: 999) and of the
# application's image (10001).

volume "pgdata" {
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

volume "upload_data" {
  type      = "host"
  plugin_id = var.volume_plugin

  parameters = {
    mode = "0770"
    uid  = "10001"
    gid  = "10001"
  }

  capability {
    access_mode     = "single-node-multi-writer"
    attachment_mode = "file-system"
  }
}

hook "smoke" {
  job     = "smoke"
  on      = ["post-upgrade", "test"]
  timeout = "10m"
}

output "front_door" {
  description = "The application"
  value       = local.front_door
}

output "api_docs" {
  description = "Swagger"
  value       = "${local.front_door}api/docs"
}

output "monitor" {
  description = "The stack, live"
  value       = "${local.front_door}monitor"
}

output "mail" {
  when        = local.dev
  description = "What was mailed (development)"
  value       = "http://127.0.0.1:${var.debug_ports.mail}/"
}

output "login" {
  description = "The first user; this prints the password"
  value       = "${var.login_user}, nomad var get -namespace ${release.namespace} -out go-template -template '{{ .Items.login }}' nomad/jobs/${release.name}-app"
}
