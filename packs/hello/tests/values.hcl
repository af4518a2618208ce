variables {
  command = "/usr/local/bin/hello"
}

run "a-fixed-port" {
  variables {
    port = 8080
  }

  assert {
    condition     = job.web.group.web.network.port.http.static == var.port
    error_message = "The port is the one that was asked for."
  }

  assert {
    condition     = output.page == "http://localhost:8080/"
    error_message = "The output says where the page is."
  }
}

run "another-release" {
  release = "second"

  assert {
    condition     = job.web.id == "second-web" && job.web.group.web.service[0].name == "second-web"
    error_message = "Two releases live side by side: job and service carry the release's name."
  }
}

run "every-service-has-a-check" {
  assert {
    condition     = alltrue([for s in job.web.group.web.service : length(s.check) > 0])
    error_message = "Nomad must know when the server is ready."
  }

  assert {
    condition     = length(diagnostics) == 0
    error_message = "The pack is valid without a warning."
  }
}

run "a-relative-command" {
  variables {
    command = "bin/hello"
  }
  expect_errors = ["invalid-value"]
}

run "an-unknown-driver" {
  variables {
    driver = "docker"
  }
  expect_errors = ["invalid-value"]
}
