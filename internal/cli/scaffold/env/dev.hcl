# Values of -var env=dev, which is the default.
greeting     = "Hello from dev"
host_network = "local"
