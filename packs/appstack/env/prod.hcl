domain = "yourdomain.com"

backend_count = 2
worker_count  = 2
