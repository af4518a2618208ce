{{- /* Where the database and Redis are, and the keys. While one of the two is away, the nomadVar that never exists keeps
       consul-template from rendering: the task goes on with what it has, and restarts only when an address did change. */ -}}
{{ with service "${release}-postgres" }}{{ with index . 0 }}
POSTGRES_HOST={{ .Address }}
POSTGRES_PORT={{ .Port }}
{{ end }}{{ else }}{{ with nomadVar "nomad/jobs/${job}/${group}/${task}" }}{{ end }}{{ end }}
{{ with nomadVar "nomad/jobs/${job}" }}{{ $redis := .redis.Value }}
POSTGRES_PASSWORD={{ .db.Value | toJSON }}
{{ with service "${release}-redis" }}{{ with index . 0 }}
REDIS_URL=redis://:{{ $redis | urlquery }}@{{ .Address }}:{{ .Port }}
{{ end }}{{ else }}{{ with nomadVar "nomad/jobs/${job}/${group}/${task}" }}{{ end }}{{ end }}
SECRET_KEY={{ .secret_key.Value | toJSON }}
JWT_SECRET_KEY={{ .jwt_secret_key.Value | toJSON }}
%{ if login ~}
LOGIN_PASSWORD={{ .login.Value | toJSON }}
%{ endif ~}
{{ end }}
