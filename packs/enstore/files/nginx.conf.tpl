worker_processes 2;
pid /tmp/nginx.pid;
error_log /dev/stderr ${dev ? "info" : "warn"};

# Old workers finish their requests after a reload.
worker_shutdown_timeout 60s;

events {
    worker_connections 1024;
}

http {
    include /etc/nginx/mime.types;
    default_type application/octet-stream;
    server_tokens off;
    keepalive_timeout 65s;

    client_body_temp_path /tmp/body;
    proxy_temp_path /tmp/proxy;
    fastcgi_temp_path /tmp/fastcgi;
    uwsgi_temp_path /tmp/uwsgi;
    scgi_temp_path /tmp/scgi;

    # Without the query: it can hold what is nobody's business.
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
    gzip_types application/json;

    # The PHP-FPM instances that Consul finds healthy. Port 9 answers nobody: no instance is a 502 at once, not a wrong
    # configuration.
    upstream backend {
        least_conn;
        {{ range service "${release}-backend" -}}
        server {{ .Address }}:{{ .Port }} max_fails=1 fail_timeout=2s;
        {{ else -}}
        server 127.0.0.1:9;
        {{ end -}}
    }
%{ if frontend ~}

    upstream frontend {
        {{ range service "${release}-frontend" -}}
        server {{ .Address }}:{{ .Port }} max_fails=1 fail_timeout=2s;
        {{ else -}}
        server 127.0.0.1:9;
        {{ end -}}
        keepalive 8;
    }
%{ endif ~}
%{ if flutter ~}

    upstream flutter_web {
        {{ range service "${release}-flutter-web" -}}
        server {{ .Address }}:{{ .Port }} max_fails=1 fail_timeout=2s;
        {{ else -}}
        server 127.0.0.1:9;
        {{ end -}}
        keepalive 8;
    }
%{ endif ~}

    # An instance that went away meanwhile: the next one gets the request. What is not idempotent is sent again only when
    # the first never got it.
    fastcgi_connect_timeout 2s;
    fastcgi_read_timeout 60s;
    fastcgi_next_upstream error timeout;
    fastcgi_next_upstream_tries 3;
    fastcgi_max_temp_file_size 0;

    proxy_http_version 1.1;
    proxy_set_header Host $http_host;
    proxy_set_header X-Forwarded-For $remote_addr;
    proxy_set_header X-Forwarded-Proto $scheme;
    proxy_set_header Connection "";
    proxy_connect_timeout 2s;
    proxy_next_upstream error timeout;
    proxy_next_upstream_tries 3;
    proxy_max_temp_file_size 0;
%{ if !dev ~}

    ssl_certificate /secrets/tls.crt;
    ssl_certificate_key /secrets/tls.key;
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_session_cache shared:tls:2m;
    ssl_session_timeout 1h;
    ssl_session_tickets off;

    add_header Strict-Transport-Security "max-age=31536000" always;
    add_header X-Content-Type-Options nosniff always;
    add_header X-Frame-Options DENY always;
    add_header Referrer-Policy strict-origin-when-cross-origin always;

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
%{ endif ~}

    server {
        listen ${dev ? "8080" : "8443 ssl http2"} default_server;
        server_name ${domain};
        client_max_body_size ${max_body_mb}m;

        error_page 502 504 @nobody;
        location @nobody {
            internal;
            default_type application/json;
            return 502 '{"message":"the API does not answer at the moment"}';
        }

        location = /nginx-health {
            default_type text/plain;
            return 200 "ok\n";
        }

        # One entry point: Laravel routes. No other file of the backend can be asked for.
        location /api {
            include /etc/nginx/fastcgi_params;
            fastcgi_param SCRIPT_FILENAME /var/www/public/index.php;
            fastcgi_param SCRIPT_NAME /index.php;
            fastcgi_param DOCUMENT_ROOT /var/www/public;
            fastcgi_param HTTP_X_REQUEST_ID $request_id;
            fastcgi_param HTTP_PROXY "";
            fastcgi_pass backend;
        }
%{ if frontend ~}

        location / {
            proxy_pass http://frontend;
        }
%{ else ~}

        location / {
            default_type application/json;
            return 404 '{"message":"there is nothing here: the API is at /api"}';
        }
%{ endif ~}
    }
%{ if flutter ~}

    server {
        listen 5443 ssl http2;
        server_name ${domain};
        location / {
            proxy_pass http://flutter_web;
        }
    }
%{ endif ~}
}
