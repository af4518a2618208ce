https_port   = 8443
http_port    = 8081
host_network = "local"

postgres_image = "packctl/postgres:dev"
redis_image    = "packctl/redis:dev"
nginx_image    = "packctl/nginx:dev"

postgres_db = "enabledrm_dev"

login_user = "demo"
log_level  = "DEBUG"

schedule = {
  cleanup = "@every 1m"
  health  = "@every 15s"
  report  = "@every 1m"
}

backend_count = 1
worker_count  = 1
