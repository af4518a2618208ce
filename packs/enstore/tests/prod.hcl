# Production: HTTPS, several instances, no port but the front door's.
variables {
  env          = "prod"
  supplier_url = "https://supplier.example.com"
}

run "tiers" {
  assert {
    condition     = keys(tier) == ["app/backend", "app/queue", "data/db", "data/redis", "scheduler/scheduler", "web/backend-nginx"]
    error_message = "Neither phpMyAdmin nor a stand-in is in prod."
  }

  assert {
    condition     = { for name, t in tier : name => t.count if t.count > 1 } == { "app/backend" = 2, "app/queue" = 2 }
    error_message = "Backend and queue are several; the scheduler must be one."
  }

  assert {
    condition     = length(diagnostics) == 0
    error_message = "The pack is valid without a warning."
  }
}

run "ports" {
  assert {
    condition     = sort(flatten([for j in job : [for g in j.group : [for p in try(g.network.port, {}) : "${g.name} ${p.static}" if p.static != null]]])) == sort(["backend-nginx 80", "backend-nginx 443"])
    error_message = "Only the front door can be reached."
  }
}

run "profiles" {
  variables {
    profiles = ["frontend", "flutter"]
  }

  assert {
    condition     = can(tier["web/frontend"]) && can(tier["web/flutter-web"])
    error_message = "A profile switches its tier on."
  }

  assert {
    condition     = sort([for g in job.web.group : "${g.name} ${length([for p in g.network.port : p if p.static != null])}"]) == sort(["backend-nginx 3", "flutter-web 0", "frontend 0"])
    error_message = "In prod they stand behind the front door, which has a port for Flutter too."
  }
}

run "order" {
  assert {
    condition     = tier["app/backend"].migrates && contains(tier["app/backend"].wait_for, "db")
    error_message = "The backend migrates the database when it is there."
  }

  assert {
    condition     = tier["data/db"].wave < tier["app/backend"].wave && tier["app/backend"].wave < tier["web/backend-nginx"].wave
    error_message = "What is waited for is submitted earlier."
  }

  assert {
    condition     = tier["scheduler/scheduler"].type == "batch" && job.scheduler.periodic != null && job.scheduler.periodic.prohibit_overlap
    error_message = "The scheduler is a periodic job that never runs twice at once."
  }
}

run "a-supplier-is-needed" {
  variables {
    supplier_url = ""
  }
  expect_errors = ["invalid-value"]
}

run "an-unknown-profile" {
  variables {
    profiles = ["fluter"]
  }
  expect_errors = ["invalid-value"]
}

run "a-job-that-is-given-away-while-it-runs" {
  variables {
    queue_timeout     = 60
    queue_retry_after = 60
  }
  expect_errors = ["invalid-value"]
}
