# Development: plain HTTP and every port on loopback, phpMyAdmin, a supplier stand-in.
variables {
  env = "dev"
}

run "tiers" {
  assert {
    condition = keys(tier) == [
      "app/backend", "app/queue", "data/db", "data/redis", "scheduler/scheduler", "supplier/supplier", "tools/phpmyadmin", "web/backend-nginx",
    ]
    error_message = "The stack of development is the six tiers, phpMyAdmin and the supplier's stand-in."
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
  variables {
    profiles = ["frontend", "flutter"]
  }

  assert {
    condition = sort(flatten([for j in job : [for g in j.group : [for p in try(g.network.port, {}) : "${g.name} ${p.static} ${p.host_network}" if p.static != null]]])) == sort([
      "db 3307 local", "redis 6379 local", "backend-nginx 8000 local", "phpmyadmin 8080 local", "frontend 3000 local", "flutter-web 5000 local",
    ])
    error_message = "In dev the ports are those of the architecture, on loopback."
  }
}

run "the-real-supplier" {
  variables {
    supplier_url = "https://supplier.example.com"
  }

  assert {
    condition     = !can(job.supplier)
    error_message = "With a supplier there is no stand-in."
  }
}

run "no-certificate" {
  assert {
    condition     = !can(credential.tls) && !strcontains(rendered["jobs/web.nomad.hcl"], "tls_key")
    error_message = "Plain HTTP needs no certificate."
  }
}
