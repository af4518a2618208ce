# ---- where

variable "env" {
  type        = string
  default     = "dev"
  description = "dev: live code, debug ports on loopback, a mail sink. prod: static build, several instances, the operator's certificate."

  validation {
    condition     = contains(["dev", "prod"], var.env)
    error_message = "The variable env is dev or prod."
  }
}

variable "datacenters" {
  type        = list(string)
  default     = ["*"]
  description = "Datacenters in which the jobs may run."
}

variable "consul_address" {
  type        = string
  default     = "$${attr.unique.network.ip-address}:8500"
  description = "Consul's HTTP API as containers reach it: host:port."
}

# ---- the front door

variable "domain" {
  type        = string
  default     = "localhost"
  description = "The name under which browsers reach the front door."
}

variable "https_port" {
  type        = number
  default     = 443
  description = "The front door's TLS port on the host."
}

variable "http_port" {
  type        = number
  default     = 80
  description = "The host's port that redirects to https_port."
}

variable "host_network" {
  type        = string
  default     = "default"
  description = "The Nomad host_network on which the front door listens."
}

variable "api_url" {
  type        = string
  default     = ""
  description = "REACT_APP_API_URL: where browsers find the API. Empty: /api below the front door."
}

variable "max_upload_mb" {
  type        = number
  default     = 10
  description = "The largest file that may be uploaded, in MiB."

  validation {
    condition     = var.max_upload_mb >= 1 && var.max_upload_mb <= 1024
    error_message = "The variable max_upload_mb is 1 to 1024."
  }
}

variable "monitor_allow" {
  type        = list(string)
  default     = ["127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"]
  description = "Networks that may open /monitor. Empty: everybody."
}

# ---- development

variable "debug_network" {
  type        = string
  default     = "local"
  description = "The Nomad host_network of the debug ports in dev: loopback."
}

variable "debug_ports" {
  type = object({
    postgres = number
    redis    = number
    backend  = number
    worker   = number
    beat     = number
    frontend = number
    monitor  = number
    nginx    = number
    mail     = number
    smtp     = number
  })
  default = {
    postgres = 15432
    redis    = 16379
    backend  = 18000
    worker   = 18001
    beat     = 18002
    frontend = 13000
    monitor  = 19000
    nginx    = 18080
    mail     = 18025
    smtp     = 11025
  }
  description = "Ports on loopback for every tier, in dev only."
}

variable "source_dir" {
  type        = string
  default     = ""
  description = "In dev: the absolute path of examples/enabledrm on the client, mounted into the containers. Empty: the code of the images."

  validation {
    condition     = var.source_dir == "" || substr(var.source_dir, 0, 1) == "/"
    error_message = "The variable source_dir is an absolute path, or empty."
  }
}

# ---- images

variable "postgres_image" {
  type        = string
  default     = "postgres:15"
  description = "PostgreSQL 15."
}

variable "redis_image" {
  type        = string
  default     = "redis:7"
  description = "Redis 7."
}

variable "nginx_image" {
  type        = string
  default     = "nginx:1.26"
  description = "nginx, 1.22 or newer."
}

variable "backend_image" {
  type        = string
  default     = "packctl/enabledrm-backend:dev"
  description = "The application's Python image: backend, worker, scheduler, migrations. It holds /sidecar."
}

variable "frontend_image" {
  type        = string
  default     = "packctl/enabledrm-frontend:dev"
  description = "The front end with its development server (dev)."
}

variable "web_image" {
  type        = string
  default     = "packctl/enabledrm-web:dev"
  description = "The front end's static build (prod)."
}

variable "mail_image" {
  type        = string
  default     = "packctl/mail:dev"
  description = "The SMTP sink (dev). Mailpit fits too."
}

variable "sidecar_image" {
  type        = string
  default     = "packctl/sidecar:dev"
  description = "The toolkit's sidecar: gate and monitor."
}

# ---- database and data

variable "postgres_db" {
  type        = string
  default     = "enabledrm"
  description = "POSTGRES_DB."
}

variable "postgres_user" {
  type        = string
  default     = "enabledrm"
  description = "POSTGRES_USER."
}

variable "postgres_settings" {
  type = map(string)
  default = {
    max_connections = "100"
    shared_buffers  = "128MB"
  }
  description = "PostgreSQL settings, by their names in postgresql.conf."
}

variable "redis_maxmemory" {
  type        = string
  default     = "96mb"
  description = "Redis's maxmemory. Nothing is evicted: Redis holds the task queue."
}

variable "volume_plugin" {
  type        = string
  default     = "mkdir"
  description = "The Nomad host volume plugin that makes the three volumes."
}

# ---- the application

variable "login_user" {
  type        = string
  default     = "admin"
  description = "The first user's name. The password is the credential login."
}

variable "log_level" {
  type        = string
  default     = "INFO"
  description = "LOG_LEVEL of the Python tiers."

  validation {
    condition     = contains(["DEBUG", "INFO", "WARNING", "ERROR"], var.log_level)
    error_message = "The variable log_level is DEBUG, INFO, WARNING or ERROR."
  }
}

variable "smtp" {
  type = object({
    host = string
    port = number
    from = string
  })
  default = {
    host = ""
    port = 25
    from = "enabledrm@example.com"
  }
  description = "The mail server in prod. In dev the sink is used."
}

variable "report_to" {
  type        = string
  default     = "operations@example.com"
  description = "Who gets the scheduled report."
}

variable "schedule" {
  type = object({
    cleanup = string
    health  = string
    report  = string
  })
  default = {
    cleanup = "15 * * * *"
    health  = "* * * * *"
    report  = "0 6 * * *"
  }
  description = "When the scheduled jobs run: five cron fields in UTC, or \"@every 30s\"."
}

# ---- sizes

variable "autoscale" {
  type        = bool
  default     = false
  description = "An autoscaler owns the counts in prod: run keeps what is there, and backend_count and worker_count are for the first run only."
}

variable "backend_count" {
  type        = number
  default     = 2
  description = "Backend instances: 1 in dev, 2 to 4 in prod."

  validation {
    condition     = var.backend_count >= 1 && var.backend_count <= 4
    error_message = "The variable backend_count is 1 to 4."
  }
}

variable "worker_count" {
  type        = number
  default     = 2
  description = "Celery workers: 1 in dev, 2 to 8 in prod."

  validation {
    condition     = var.worker_count >= 1 && var.worker_count <= 8
    error_message = "The variable worker_count is 1 to 8."
  }
}

variable "worker_concurrency" {
  type        = number
  default     = 2
  description = "Processes in each Celery worker."
}

variable "resources" {
  type = map(object({
    cpu    = number
    memory = number
  }))
  default     = {}
  description = "CPU in MHz and memory in MiB by tier, for those that differ from the built-in sizes."

  validation {
    condition     = length(setunion(keys(var.resources), ["postgres", "redis", "backend", "celery-worker", "celery-beat", "nginx", "frontend", "monitor", "mail"])) == 9
    error_message = "The variable resources knows the tiers postgres, redis, backend, celery-worker, celery-beat, nginx, frontend, monitor and mail."
  }
}

# ---- patience, in minutes

variable "wait_minutes" {
  type        = number
  default     = 5
  description = "How long a tier waits for what it depends on."
}

variable "migration_minutes" {
  type        = number
  default     = 5
  description = "How long the schema migration may take, and as long again may wait for another's."
}

locals {
  dev = var.env == "dev"

  front_door = "https://${var.domain}${var.https_port == 443 ? "" : ":${var.https_port}"}/"
  api_url    = var.api_url != "" ? var.api_url : "${local.front_door}api"

  sizes = merge({
    postgres      = { cpu = 200, memory = local.dev ? 256 : 1024 }
    redis         = { cpu = 100, memory = 128 }
    backend       = { cpu = 200, memory = 256 }
    celery-worker = { cpu = 200, memory = 384 }
    celery-beat   = { cpu = 50, memory = 160 }
    nginx         = { cpu = 100, memory = 128 }
    frontend      = { cpu = local.dev ? 200 : 50, memory = local.dev ? 512 : 64 }
    monitor       = { cpu = 50, memory = 64 }
    mail          = { cpu = 50, memory = 96 }
  }, var.resources)

  # Nomad counts the time at the gate and in the migration against healthy_deadline.
  wait              = "${var.wait_minutes}m"
  migration         = "${var.migration_minutes}m"
  healthy_deadline  = "${var.wait_minutes + 3}m"
  progress_deadline = "${var.wait_minutes + 6}m"

  migrating_healthy_deadline  = "${var.wait_minutes + 2 * var.migration_minutes + 3}m"
  migrating_progress_deadline = "${var.wait_minutes + 2 * var.migration_minutes + 6}m"

  backend_source  = local.dev && var.source_dir != "" ? ["${var.source_dir}/backend:/app:ro"] : []
  frontend_source = local.dev && var.source_dir != "" ? ["${var.source_dir}/frontend:/app:ro"] : []
}
