pack "NAME" {
  version     = "0.1.0"
  description = "One web page, straight on the machine: the start of something."
}

# A secret that must exist before the jobs that read it are submitted. It is made once, never shown, and a task's template
# reads it: {{ with nomadVar "nomad/jobs/${release.name}-web" }}{{ .db }}{{ end }}
#
# credential "db" {
#   password { length = 32 }
# }

output "page" {
  description = "Where the page is"
  value       = "http://localhost:${var.port}/"
}
