{{- /* Where the database and Redis are, and the keys. While one is away, the nomadVar that never exists keeps
       consul-template from rendering: the task goes on with what it has, and restarts only when an address did change. */ -}}
{{ with service "${release}-db" }}{{ with index . 0 }}
DB_HOST={{ .Address }}
DB_PORT={{ .Port }}
{{ end }}{{ else }}{{ with nomadVar "nomad/jobs/${job}/${group}/${task}" }}{{ end }}{{ end }}
{{ with service "${release}-redis" }}{{ with index . 0 }}
REDIS_HOST={{ .Address }}
REDIS_PORT={{ .Port }}
{{ end }}{{ else }}{{ with nomadVar "nomad/jobs/${job}/${group}/${task}" }}{{ end }}{{ end }}
{{ with nomadVar "nomad/jobs/${job}" }}
DB_PASSWORD={{ .db.Value | toJSON }}
REDIS_PASSWORD={{ .redis.Value | toJSON }}
APP_KEY={{ .app_key.Value | toJSON }}
{{ end }}
