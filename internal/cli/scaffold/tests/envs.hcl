# packctl test NAME: each run renders the pack with its values, and asserts something about the jobs that come out.

run "dev" {
  variables {
    env = "dev"
  }

  assert {
    condition     = job.web.group.web.network.port.http.host_network == "local"
    error_message = "In dev the page is on loopback only."
  }
}

run "prod" {
  variables {
    env = "prod"
  }

  assert {
    condition     = job.web.group.web.network.port.http.static == 80
    error_message = "In prod the page is on port 80."
  }
}

run "a-port-that-is-none" {
  variables {
    port = 70000
  }
  expect_errors = ["invalid-value"]
}
