pack "shop" {
  version = "1.0.0"
}

credential "db" {
  password {
    length = 32
  }
}

volume "data" {
  type      = "host"
  plugin_id = "mkdir"
}

output "front" {
  description = "The page"
  value       = "http://localhost:${var.port}/"
}
