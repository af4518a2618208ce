# Values of -var env=prod.
greeting = "Hello"
port     = 80
