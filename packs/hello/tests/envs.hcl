variables {
  command = "/usr/local/bin/hello"
}

run "dev" {
  env    = "dev"
  golden = true

  assert {
    condition     = job.web.group.web.count == 1
    error_message = "One server is enough to develop with."
  }

  assert {
    condition     = job.web.group.web.network.port.http.host_network == "local"
    error_message = "In dev the page is on loopback only."
  }

  assert {
    condition     = job.web.group.web.task.server.env.GREETING == "Hello from the dev env"
    error_message = "The greeting comes from env/dev.hcl."
  }
}

run "prod" {
  env    = "prod"
  golden = true

  assert {
    condition     = job.web.group.web.count == 2
    error_message = "In prod there are two servers, so that one may end."
  }

  assert {
    condition     = job.web.group.web.task.server.driver == "exec"
    error_message = "In prod the server is isolated."
  }

  assert {
    condition     = job.web.group.web.network.port.http.static == null
    error_message = "Two servers on one machine need ports that Nomad picks."
  }
}
