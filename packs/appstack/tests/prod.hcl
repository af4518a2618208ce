# Production: several instances, no port but the front door's, the operator's own certificate.
run "tiers" {
  env = "prod"

  assert {
    condition = keys(tier) == [
      "app/backend", "app/celery-beat", "app/celery-worker", "data/postgres", "data/redis", "monitor/monitor", "smoke/smoke", "web/frontend", "web/nginx",
    ]
    error_message = "There is no mail sink in prod."
  }

  assert {
    condition     = { for name, t in tier : name => t.count if t.count > 1 } == { "app/backend" = 2, "app/celery-worker" = 2 }
    error_message = "Backend and workers are several; what must be one is one, the scheduler before all."
  }

  assert {
    condition     = length(diagnostics) == 0
    error_message = "The pack is valid without a warning."
  }
}

run "ports" {
  env = "prod"

  assert {
    condition     = sort(flatten([for j in job : [for g in j.group : [for p in g.network.port : "${g.name} ${p.static}" if p.static != null]]])) == sort(["nginx 443", "nginx 80"])
    error_message = "Only the front door can be reached."
  }
}

run "order" {
  env = "prod"

  assert {
    condition     = tier["app/backend"].wait_for == ["postgres", "redis"] && tier["app/backend"].migrates
    error_message = "The backend waits for the database and Redis, and migrates the schema."
  }

  assert {
    condition     = contains(tier["app/celery-worker"].wait_for, "backend") && contains(tier["web/nginx"].wait_for, "frontend")
    error_message = "Workers start on a migrated schema, nginx on what it stands before."
  }

  assert {
    condition     = tier["data/postgres"].wave < tier["app/backend"].wave && tier["app/backend"].wave < tier["web/nginx"].wave
    error_message = "What is waited for is submitted earlier."
  }

  assert {
    condition     = alltrue([for t in tier : !contains(t.wait_for, "monitor")])
    error_message = "A dashboard never holds anybody back."
  }
}

run "no-gap" {
  env = "prod"

  assert {
    condition     = job.app.group.backend.update.canary == 1 && job.app.group.backend.update.auto_promote && job.app.group.backend.update.auto_revert
    error_message = "A new backend stands beside the old ones before one of them goes, and a bad one is taken back."
  }

  assert {
    condition     = job.app.group.backend.shutdown_delay == "6s"
    error_message = "nginx hears that an instance goes before it goes."
  }
}

run "nothing-of-development" {
  env = "prod"
  variables {
    source_dir = "/home/me/enabledrm"
  }

  assert {
    condition     = alltrue([for text in rendered : !strcontains(text, "/home/me")])
    error_message = "source_dir is for dev."
  }

  assert {
    condition     = !can(output.mail)
    error_message = "There is no sink to look at."
  }
}

run "counts" {
  env = "prod"
  variables {
    backend_count = 5
    worker_count  = 9
  }
  expect_errors = ["invalid-value"]
}

run "smoke" {
  env = "prod"

  assert {
    condition     = hook.smoke.job == "smoke" && contains(hook.smoke.on, "post-upgrade") && contains(hook.smoke.on, "test")
    error_message = "Each upgrade ends with a user who logs in."
  }

  assert {
    condition     = tier["smoke/smoke"].wave == 0 && job.smoke.group.smoke.restart.attempts == 0 && contains(credential.login.readers, "appstack-smoke")
    error_message = "It runs at its moments only, tries once, and reads the login at its own path."
  }
}
