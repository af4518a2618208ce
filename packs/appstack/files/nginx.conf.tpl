worker_processes 2;
pid /tmp/nginx.pid;
error_log /dev/stderr ${dev ? "info" : "warn"};

# Old workers finish their requests after a reload; a websocket or an event stream must not keep one for ever.
worker_shutdown_timeout 30s;

events {
    worker_connections 1024;
}

http {
    include /etc/nginx/mime.types;
    default_type application/octet-stream;
    server_tokens off;
    sendfile on;
    keepalive_timeout 65s;

    client_body_temp_path /tmp/body;
    proxy_temp_path /tmp/proxy;
    fastcgi_temp_path /tmp/fastcgi;
    uwsgi_temp_path /tmp/uwsgi;
    scgi_temp_path /tmp/scgi;

    # Without the query: it can hold a signature.
    log_format json escape=json '{"time":"$time_iso8601","level":"info","logger":"nginx","message":"request",'
        '"method":"$request_method","host":"$host","path":"$uri","status":$status,"bytes":$bytes_sent,'
        '"seconds":$request_time,"client":"$remote_addr","upstream":"$upstream_addr","upstream_status":"$upstream_status",'
        '"upstream_seconds":"$upstream_response_time","request_id":"$request_id","agent":"$http_user_agent"}';
    map $uri $worth_logging {
        /nginx-health 0;
        default 1;
    }
    access_log /dev/stdout json if=$worth_logging;

    gzip on;
    gzip_proxied any;
    gzip_types text/plain text/css text/javascript application/javascript application/json image/svg+xml;

    map $http_upgrade $connection_upgrade {
        default upgrade;
        '' '';
    }

    # The instances that Consul finds healthy. Port 9 answers nobody: no instance is a 502 at once, not a wrong configuration.
    upstream frontend {
        {{ range service "${release}-frontend" -}}
        server {{ .Address }}:{{ .Port }} max_fails=1 fail_timeout=2s;
        {{ else -}}
        server 127.0.0.1:9;
        {{ end -}}
        keepalive 16;
    }

    upstream backend {
        least_conn;
        {{ range service "${release}-backend" -}}
        server {{ .Address }}:{{ .Port }} max_fails=1 fail_timeout=2s;
        {{ else -}}
        server 127.0.0.1:9;
        {{ end -}}
        keepalive 16;
    }

    upstream monitor {
        {{ range service "${release}-monitor" -}}
        server {{ .Address }}:{{ .Port }} max_fails=0;
        {{ else -}}
        server 127.0.0.1:9;
        {{ end -}}
    }

    proxy_http_version 1.1;
    proxy_set_header Host $http_host;
    proxy_set_header X-Real-IP $remote_addr;
    proxy_set_header X-Forwarded-For $remote_addr;
    proxy_set_header X-Forwarded-Proto $scheme;
    proxy_set_header X-Request-ID $request_id;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection $connection_upgrade;
    proxy_connect_timeout 2s;
    # An instance that went away while its connection was reused: the next one gets the request. What is not idempotent is
    # sent again only when the first never got it.
    proxy_next_upstream error timeout;
    proxy_next_upstream_tries 3;
    proxy_max_temp_file_size 0;
%{ if !dev ~}

    proxy_cache_path /tmp/cache levels=1:2 keys_zone=static:2m max_size=24m inactive=1d use_temp_path=off;
%{ endif ~}

    ssl_certificate /secrets/tls.crt;
    ssl_certificate_key /secrets/tls.key;
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_session_cache shared:tls:2m;
    ssl_session_timeout 1h;
    ssl_session_tickets off;

    server {
        listen 8080 default_server;
        server_name _;
        location = /nginx-health {
            default_type text/plain;
            return 200 "ok\n";
        }
        location / {
            return 301 https://$host${https_suffix}$request_uri;
        }
    }
%{ if dev ~}

    # The debug port, on the machine's loopback: what this nginx is doing.
    server {
        listen 8081;
        location / {
            stub_status;
        }
    }
%{ endif ~}

    server {
        listen 8443 ssl http2 default_server;
        server_name ${domain};
        client_max_body_size ${max_upload_mb + 1}m;
%{ if !dev ~}

        add_header Strict-Transport-Security "max-age=31536000" always;
        add_header X-Content-Type-Options nosniff always;
        add_header X-Frame-Options DENY always;
        add_header Referrer-Policy strict-origin-when-cross-origin always;
        add_header Permissions-Policy "camera=(), geolocation=(), microphone=()" always;
        add_header Content-Security-Policy "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'; base-uri 'self'; form-action 'self'" always;
%{ endif ~}

        error_page 502 504 @nobody;
        location @nobody {
            internal;
            default_type application/json;
            return 502 '{"detail":"this part of the site does not answer at the moment"}';
        }

        location = /nginx-health {
            default_type text/plain;
            return 200 "ok\n";
        }

        location /api/ {
            # Uploads go straight through, not into a file here first.
            proxy_request_buffering off;
            proxy_read_timeout 60s;
            proxy_pass http://backend;
        }
        location = /api {
            return 308 /api/docs;
        }

        location = /monitor {
%{ for network in monitor_allow ~}
            allow ${network};
%{ endfor ~}
%{ if length(monitor_allow) > 0 ~}
            deny all;
%{ endif ~}
            proxy_pass http://monitor;
        }
        location /monitor/ {
%{ for network in monitor_allow ~}
            allow ${network};
%{ endfor ~}
%{ if length(monitor_allow) > 0 ~}
            deny all;
%{ endif ~}
            # An event stream: each event goes out as it comes.
            proxy_buffering off;
            gzip off;
            proxy_read_timeout 1h;
            proxy_pass http://monitor;
        }
%{ if dev ~}

        location / {
            # The development server's pages, modules and hot-reload socket.
            proxy_read_timeout 1h;
            proxy_pass http://frontend;
        }
%{ else ~}

        location /assets/ {
            proxy_cache static;
            proxy_cache_valid 200 1d;
            proxy_cache_lock on;
            proxy_cache_use_stale error timeout updating http_502 http_503 http_504;
            proxy_pass http://frontend;
        }
        location / {
            proxy_pass http://frontend;
        }
%{ endif ~}
    }
}
