# Development: every tier once, live code where it is asked for, every port on loopback, a mail sink.
run "tiers" {
  env = "dev"

  assert {
    condition = keys(tier) == [
      "app/backend", "app/celery-beat", "app/celery-worker", "data/postgres", "data/redis", "mail/mail", "monitor/monitor", "smoke/smoke",
      "web/frontend", "web/nginx",
    ]
    error_message = "The stack of development is the eight tiers and the mail sink."
  }

  assert {
    condition     = alltrue([for t in tier : t.count == 1])
    error_message = "One instance of each is enough to develop with."
  }

  assert {
    condition     = length(diagnostics) == 0
    error_message = "The pack is valid without a warning."
  }
}

run "ports" {
  env = "dev"

  # Tier, port, network: everything that can be reached from outside a container's own network.
  assert {
    condition = sort(flatten([for j in job : [for g in j.group : [for p in g.network.port : "${g.name} ${p.static} ${p.host_network}" if p.static != null]]])) == sort([
      "nginx 8443 local", "nginx 8081 local", "nginx 18080 local", "postgres 15432 local", "redis 16379 local", "backend 18000 local",
      "celery-worker 18001 local", "celery-beat 18002 local", "frontend 13000 local", "monitor 19000 local", "mail 18025 local", "mail 11025 local",
    ])
    error_message = "In dev every tier has its port on loopback, and no port is elsewhere."
  }
}

run "live-code" {
  env = "dev"
  variables {
    source_dir = "/home/me/enabledrm"
  }

  assert {
    condition     = job.app.group.backend.task.backend.config.volumes == ["/home/me/enabledrm/backend:/app:ro"]
    error_message = "The backend runs the code of source_dir."
  }

  assert {
    condition     = job.web.group.frontend.task.frontend.config.volumes == ["/home/me/enabledrm/frontend:/app:ro"]
    error_message = "The front end's development server serves the code of source_dir."
  }
}

run "the-code-of-the-images" {
  env = "dev"

  assert {
    condition     = alltrue([for g in job.app.group : alltrue([for t in g.task : try(t.config.volumes, []) == []])])
    error_message = "Without source_dir nothing of the client is mounted."
  }
}
