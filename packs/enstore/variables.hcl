# ---- where

variable "env" {
  type        = string
  default     = "dev"
  description = "dev: live code, plain HTTP and every port on loopback, phpMyAdmin, a supplier stand-in. prod: HTTPS, several instances, no port but the front door's."

  validation {
    condition     = contains(["dev", "prod"], var.env)
    error_message = "The variable env is dev or prod."
  }
}

variable "profiles" {
  type        = list(string)
  default     = []
  description = "Tiers that are off by default: \"frontend\" (Next.js), \"flutter\" (Flutter web)."

  validation {
    condition     = length(setunion(var.profiles, ["frontend", "flutter"])) == 2
    error_message = "The variable profiles knows \"frontend\" and \"flutter\"."
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
  description = "The name under which clients reach the front door."
}

variable "http_port" {
  type        = number
  default     = 80
  description = "dev: the API's port on the host. prod: the host's port that redirects to https_port."
}

variable "https_port" {
  type        = number
  default     = 443
  description = "prod: the front door's TLS port on the host."
}

variable "frontend_port" {
  type        = number
  default     = 3000
  description = "dev, profile frontend: the host's port of Next.js. In prod the front door serves it at /."
}

variable "flutter_port" {
  type        = number
  default     = 5000
  description = "Profile flutter: the host's port of the Flutter web application; in prod with TLS, at the front door."
}

variable "host_network" {
  type        = string
  default     = "default"
  description = "The Nomad host_network on which the front door listens."
}

variable "api_url" {
  type        = string
  default     = ""
  description = "NEXT_PUBLIC_API_URL: where browsers find the API. Empty: /api at the front door."
}

variable "max_body_mb" {
  type        = number
  default     = 8
  description = "The largest request body, in MiB."

  validation {
    condition     = var.max_body_mb >= 1 && var.max_body_mb <= 1024
    error_message = "The variable max_body_mb is 1 to 1024."
  }
}

# ---- development

variable "debug_network" {
  type        = string
  default     = "local"
  description = "The Nomad host_network of the development ports: loopback."
}

variable "debug_ports" {
  type = object({
    db         = number
    redis      = number
    phpmyadmin = number
  })
  default = {
    db         = 3307
    redis      = 6379
    phpmyadmin = 8080
  }
  description = "dev: ports on loopback."
}

variable "source_dir" {
  type        = string
  default     = ""
  description = "dev: the absolute path of examples/enstore on the client, mounted into the containers. Empty: the code of the images."

  validation {
    condition     = var.source_dir == "" || substr(var.source_dir, 0, 1) == "/"
    error_message = "The variable source_dir is an absolute path, or empty."
  }
}

# ---- images

variable "mysql_image" {
  type        = string
  default     = "mysql:8"
  description = "MySQL 8, or MariaDB 10.11 with its image's contract."
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

variable "phpmyadmin_image" {
  type        = string
  default     = "phpmyadmin:5.2"
  description = "phpMyAdmin 5.2 (dev)."
}

variable "backend_image" {
  type        = string
  default     = "packctl/enstore-backend:dev"
  description = "The application's PHP image: backend, queue, scheduler, migrations. It holds /sidecar."
}

variable "frontend_image" {
  type        = string
  default     = "packctl/enstore-frontend:dev"
  description = "The Next.js application (profile frontend)."
}

variable "supplier_image" {
  type        = string
  default     = "packctl/enstore-supplier:dev"
  description = "The supplier stand-in (dev)."
}

variable "sidecar_image" {
  type        = string
  default     = "packctl/sidecar:dev"
  description = "The toolkit's sidecar: the gate."
}

# ---- the Flutter web application

variable "flutter_dir" {
  type        = string
  default     = ""
  description = "Profile flutter: the absolute path, on the client, of a built build/web folder. Empty: flutter_artifact."

  validation {
    condition     = var.flutter_dir == "" || substr(var.flutter_dir, 0, 1) == "/"
    error_message = "The variable flutter_dir is an absolute path, or empty."
  }
}

variable "flutter_artifact" {
  type        = string
  default     = ""
  description = "Profile flutter: the URL of an archive of a built build/web folder. Empty, as flutter_dir: a page that stands in."

  validation {
    condition     = var.flutter_dir == "" || var.flutter_artifact == ""
    error_message = "Set flutter_dir or flutter_artifact, not both."
  }
}

# ---- database and data

variable "db_name" {
  type        = string
  default     = "enstore"
  description = "DB_DATABASE."
}

variable "db_user" {
  type        = string
  default     = "enstore"
  description = "DB_USERNAME."
}

variable "mysql_settings" {
  type = map(string)
  default = {
    max-connections         = "150"
    innodb-buffer-pool-size = "128M"
  }
  description = "MySQL settings, by their names as options of mysqld."
}

variable "redis_maxmemory" {
  type        = string
  default     = "96mb"
  description = "Redis's maxmemory. Nothing is evicted: Redis holds the job queue."
}

variable "volume_plugin" {
  type        = string
  default     = "mkdir"
  description = "The Nomad host volume plugin that makes the two volumes."
}

# ---- the application

variable "log_level" {
  type        = string
  default     = "info"
  description = "LOG_LEVEL of the PHP tiers."

  validation {
    condition     = contains(["debug", "info", "notice", "warning", "error"], var.log_level)
    error_message = "The variable log_level is debug, info, notice, warning or error."
  }
}

variable "supplier_url" {
  type        = string
  default     = ""
  description = "The supplier's API, without a slash at its end. Empty, in dev only: the stand-in."

  validation {
    condition     = var.supplier_url != "" || var.env == "dev"
    error_message = "In prod the variable supplier_url must say where the supplier's API is: -var supplier_url=https://…"
  }
}

variable "schedule" {
  type        = string
  default     = "* * * * *"
  description = "When schedule:run is started: five cron fields in UTC. Laravel decides what is due; it counts in minutes."
}

variable "schedule_timeout" {
  type        = number
  default     = 300
  description = "How long one run of the schedule may take, in seconds."
}

variable "queue_timeout" {
  type        = number
  default     = 45
  description = "How long one job may run, in seconds."
}

variable "queue_retry_after" {
  type        = number
  default     = 60
  description = "After how many seconds the job of a worker that was killed is given to another."

  validation {
    condition     = var.queue_retry_after > var.queue_timeout
    error_message = "The variable queue_retry_after is greater than queue_timeout: otherwise a job that still runs is given to a second worker."
  }
}

# ---- sizes

variable "autoscale" {
  type        = bool
  default     = false
  description = "An autoscaler owns the counts: run keeps what is there, and backend_count and queue_count are for the first run only."
}

variable "backend_count" {
  type        = number
  default     = 2
  description = "PHP-FPM instances: 1 in dev, 2 to 8 in prod."

  validation {
    condition     = var.backend_count >= 1 && var.backend_count <= 8
    error_message = "The variable backend_count is 1 to 8."
  }
}

variable "backend_processes" {
  type        = number
  default     = 8
  description = "Processes (pm.max_children) in each PHP-FPM instance."
}

variable "queue_count" {
  type        = number
  default     = 2
  description = "Queue workers: 1 in dev, 2 to 10 in prod."

  validation {
    condition     = var.queue_count >= 1 && var.queue_count <= 10
    error_message = "The variable queue_count is 1 to 10."
  }
}

variable "resources" {
  type = map(object({
    cpu    = number
    memory = number
  }))
  default     = {}
  description = "CPU in MHz and memory in MiB by tier, for those that differ from the built-in sizes. Memory is a limit."

  validation {
    condition     = length(setunion(keys(var.resources), ["db", "redis", "backend", "queue", "scheduler", "backend-nginx", "phpmyadmin", "frontend", "flutter-web", "supplier"])) == 10
    error_message = "The variable resources knows the tiers db, redis, backend, queue, scheduler, backend-nginx, phpmyadmin, frontend, flutter-web and supplier."
  }
}

variable "cpu_limit" {
  type        = bool
  default     = false
  description = "Make the tiers' CPU a limit too, as cpus is in Compose. Otherwise it is a share, and idle CPU goes to who needs it."
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
  description = "How long the migration may take, and as long again may wait for another's."
}

locals {
  dev      = var.env == "dev"
  frontend = contains(var.profiles, "frontend")
  flutter  = contains(var.profiles, "flutter")

  https_suffix = var.https_port == 443 ? "" : ":${var.https_port}"
  front_door   = local.dev ? "http://${var.domain}:${var.http_port}" : "https://${var.domain}${local.https_suffix}"
  api_url      = var.api_url != "" ? var.api_url : "${local.front_door}/api"

  # Who may call the API from a page of another origin.
  cors_origins = local.dev ? "http://localhost:${var.frontend_port},http://127.0.0.1:${var.frontend_port},http://localhost:${var.flutter_port},http://127.0.0.1:${var.flutter_port}" : "https://${var.domain}:${var.flutter_port}"

  sizes = merge({
    db            = { cpu = 300, memory = local.dev ? 384 : 1024 }
    redis         = { cpu = 100, memory = 128 }
    backend       = { cpu = 200, memory = 256 }
    queue         = { cpu = 100, memory = 128 }
    scheduler     = { cpu = 100, memory = 128 }
    backend-nginx = { cpu = 100, memory = 64 }
    phpmyadmin    = { cpu = 50, memory = 160 }
    frontend      = { cpu = local.dev ? 300 : 100, memory = local.dev ? 768 : 256 }
    flutter-web   = { cpu = 50, memory = 48 }
    supplier      = { cpu = 50, memory = 48 }
  }, var.resources)

  # Nomad counts the time at the gate and in the migration against healthy_deadline.
  wait              = "${var.wait_minutes}m"
  migration         = "${var.migration_minutes}m"
  healthy_deadline  = "${var.wait_minutes + 3}m"
  progress_deadline = "${var.wait_minutes + 6}m"

  migrating_healthy_deadline  = "${var.wait_minutes + 2 * var.migration_minutes + 3}m"
  migrating_progress_deadline = "${var.wait_minutes + 2 * var.migration_minutes + 6}m"

  backend_source  = local.dev && var.source_dir != "" ? ["${var.source_dir}/backend:/var/www:ro"] : []
  frontend_source = local.dev && var.source_dir != "" ? ["${var.source_dir}/frontend:/app:ro"] : []

  # What every PHP tier has in common.
  app_env = {
    APP_ENV           = local.dev ? "local" : "production"
    APP_DEBUG         = "${local.dev}"
    APP_URL           = local.front_door
    LOG_LEVEL         = var.log_level
    DB_CONNECTION     = "mysql"
    DB_DATABASE       = var.db_name
    DB_USERNAME       = var.db_user
    QUEUE_CONNECTION  = "redis"
    QUEUE_RETRY_AFTER = "${var.queue_retry_after}"
    CACHE_DRIVER      = "redis"
    CORS_ORIGINS      = local.cors_origins
  }
}
