greeting     = "Hello from the dev env"
host_network = "local"
