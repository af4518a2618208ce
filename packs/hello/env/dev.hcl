greeting = "Hello from the dev env"
