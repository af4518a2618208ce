pack "hello" {
  version     = "1.0.0"
  description = "One tiny web server that needs no Docker: a first try of packctl."
}

output "page" {
  description = "Where the page is (dynamic, unless port is given)"
  value       = var.port == 0 ? "nomad service info, or Consul's catalog: ${release.name}-web" : "http://localhost:${var.port}/"
}
