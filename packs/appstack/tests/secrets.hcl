# Secrets come from credentials only, and stand in no job.
run "credentials" {
  env = "prod"

  assert {
    condition     = keys(credential) == ["db", "jwt_secret_key", "login", "redis", "secret_key", "tls"]
    error_message = "These are all the secrets that there are."
  }

  assert {
    condition     = [for name, c in credential : name if !c.generate] == ["tls"]
    error_message = "In prod the operator supplies the certificate, and everything else is generated."
  }

  assert {
    condition     = credential.db.volumes == ["appstack-pgdata"]
    error_message = "A database that has data never gets a new password."
  }

  assert {
    condition     = credential.tls.items == ["tls_certificate", "tls_key"] && credential.tls.readers == ["appstack-web"]
    error_message = "Only the front door reads the key."
  }
}

run "development-generates-all" {
  env = "dev"

  assert {
    condition     = alltrue([for c in credential : c.generate])
    error_message = "Nobody has to supply anything to develop."
  }
}

run "no-secret-in-a-job" {
  env = "prod"

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
