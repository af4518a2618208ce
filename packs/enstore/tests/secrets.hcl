# Secrets come from credentials only, and stand in no job.
variables {
  env          = "prod"
  supplier_url = "https://supplier.example.com"
}

run "credentials" {
  assert {
    condition     = keys(credential) == ["app_key", "db", "db_root", "redis", "tls"]
    error_message = "These are all the secrets that there are."
  }

  assert {
    condition     = [for name, c in credential : name if !c.generate] == ["tls"]
    error_message = "In prod the operator supplies the certificate, and everything else is generated."
  }

  assert {
    condition     = credential.db.volumes == ["enstore-dbdata"] && credential.db_root.volumes == ["enstore-dbdata"]
    error_message = "A database that has data never gets a new password."
  }

  assert {
    condition     = credential.db_root.readers == ["enstore-data"]
    error_message = "Only the database knows root's password."
  }

  assert {
    condition     = credential.tls.readers == ["enstore-web"]
    error_message = "Only the front door reads the key."
  }
}

run "no-secret-in-a-job" {
  # Nomad shows the environment and the configuration of a task to everybody who may read jobs.
  assert {
    condition = alltrue(flatten([for j in job : [for g in j.group : [for t in g.task : [
      for name, value in t.env : !can(regex("(PASSWORD|SECRET|_KEY)$", name)) || value == ""
    ]]]]))
    error_message = "No task has a secret in its environment: they come in templates."
  }

  assert {
    condition = alltrue(flatten([for j in job : [for g in j.group : [for t in g.task : [
      for x in t.template : startswith(x.destination, "secrets/") if can(regex("nomadVar \"nomad/jobs/[a-z-]+\"", x.data))
    ]]]]))
    error_message = "What reads a credential ends in the task's secrets folder, which is in memory and private."
  }
}
