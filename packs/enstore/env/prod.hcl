domain = "shop.example.com"

backend_count = 2
queue_count   = 2
