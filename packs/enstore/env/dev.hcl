http_port    = 8000
host_network = "local"

mysql_image      = "packctl/mysql:dev"
redis_image      = "packctl/redis:dev"
nginx_image      = "packctl/nginx:dev"
phpmyadmin_image = "packctl/phpmyadmin:dev"

log_level = "debug"

backend_count = 1
queue_count   = 1
