# Networks, ports, services and their checks, Connect with its gateways.
variable "port" { default = 8080 }
variable "name" { default = "api" }
variable "upstreams" {
  default = [
    { name = "db", port = 5432 },
    { name = "cache", port = 6379 },
  ]
}
variable "tags" { default = ["a", "b"] }

job "network" {
  group "bridge" {
    network {
      mode     = "bridge"
      hostname = "${var.name}-${NOMAD_ALLOC_INDEX}"
      port "http" {
        static           = var.port
        to               = var.port + 1
        host_network     = "private"
        ignore_collision = true
      }
      port "metrics" {
        to = -1
      }
      dynamic "port" {
        for_each = { x = 1, y = 2 }
        labels   = ["p-${port.key}"]
        content {
          to = port.value + 9000
        }
      }
      dns {
        servers  = ["10.0.0.${var.port - 8079}"]
        searches = ["${var.name}.consul"]
        options  = ["ndots:2"]
      }
      cni {
        args = {
          name = var.name
          id   = "${NOMAD_ALLOC_ID}"
        }
      }
    }

    service {
      name                = "${var.name}-${NOMAD_JOB_NAME}"
      port                = "http"
      tags                = concat(var.tags, ["v-${var.port}", "dc-${NOMAD_DC}"])
      canary_tags         = [for t in var.tags : "canary-${t}"]
      enable_tag_override = true
      address_mode        = "auto"
      on_update           = "ignore_warnings"
      provider            = "consul"
      cluster             = "default"
      meta {
        port = var.port
      }
      canary_meta {
        canary = "${var.name}"
      }
      tagged_addresses {
        lan = "${attr.unique.network.ip-address}:${var.port}"
      }
      weights {
        passing = 10
        warning = 1
      }
      identity {
        aud = ["consul.${var.name}"]
        ttl = "1h"
      }
      check_restart {
        limit           = 3
        grace           = "90s"
        ignore_warnings = true
      }
      check {
        name                     = "http of ${var.name}"
        type                     = "http"
        path                     = "/health?n=${var.name}"
        protocol                 = "https"
        port                     = "metrics"
        method                   = "POST"
        body                     = jsonencode({ name = var.name })
        interval                 = "10s"
        timeout                  = "2s"
        initial_status           = "passing"
        notes                    = "see ${var.name}"
        tls_server_name          = "${var.name}.example.com"
        tls_skip_verify          = true
        address_mode             = "driver"
        advertise                = "host"
        success_before_passing   = 2
        failures_before_critical = 3
        failures_before_warning  = 1
        expose                   = true
        on_update                = "require_healthy"
        header {
          Authorization = ["Basic ${var.name}"]
          X-Many        = var.tags
        }
        check_restart {
          limit = 2
          grace = "10s"
        }
      }
      check {
        type         = "grpc"
        grpc_service = var.name
        grpc_use_tls = true
        interval     = "10s"
        timeout      = "2s"
      }
      check {
        type     = "script"
        task     = "web"
        command  = "/bin/${var.name}"
        args     = ["-p", "${var.port}"]
        interval = "10s"
        timeout  = "2s"
      }
    }
    service {
      provider = "nomad"
      name     = "own"
      port     = var.port
      task     = "web"
      address  = "${attr.unique.platform.aws.public-ipv4}"
      kind     = "k"
    }
    service {
      name = "mesh"
      port = "9001"
      connect {
        sidecar_service {
          tags                      = var.tags
          port                      = "metrics"
          disable_default_tcp_check = true
          meta {
            a = var.name
          }
          proxy {
            local_service_address = "127.0.0.1"
            local_service_port    = var.port
            dynamic "upstreams" {
              for_each = var.upstreams
              content {
                destination_name = upstreams.value.name
                local_bind_port  = upstreams.value.port
              }
            }
            upstreams {
              destination_name       = "far"
              destination_namespace  = "n"
              destination_peer       = "peer"
              destination_partition  = "p"
              destination_type       = "service"
              datacenter             = "dc-${var.name}"
              local_bind_address     = "127.0.0.2"
              local_bind_socket_path = "/alloc/s"
              local_bind_socket_mode = "0600"
              mesh_gateway {
                mode = "local"
              }
              config {
                connect_timeout_ms = var.port
                limits             = { max = 1 }
              }
            }
            expose {
              path {
                path            = "/${var.name}"
                protocol        = "http"
                local_path_port = var.port
                listener_port   = "metrics"
              }
            }
            transparent_proxy {
              uid                    = "101"
              outbound_port          = 15001
              exclude_inbound_ports  = ["http", "${var.port}"]
              exclude_outbound_ports = [var.port]
              exclude_outbound_cidrs = ["10.0.0.0/8"]
              exclude_uids           = ["1"]
              no_dns                 = true
            }
            config {
              protocol = "http"
              nested   = { a = [var.name] }
            }
          }
        }
        sidecar_task {
          name           = "envoy-${var.name}"
          driver         = "docker"
          user           = "root"
          kill_timeout   = "5s"
          kill_signal    = "SIGINT"
          shutdown_delay = "1s"
          config {
            image = "envoy:${var.name}"
          }
          env {
            A = var.name
          }
          meta {
            a = "b"
          }
          resources {
            cpu    = 100
            memory = 64
          }
          logs {
            max_files     = 1
            max_file_size = 2
          }
          volume_mount {
            volume      = "v"
            destination = "/v"
          }
          identity {
            name = "x"
            aud  = ["y"]
          }
        }
      }
    }
    task "web" {
      driver = "docker"
      config {
        image = "x"
        ports = ["http", "metrics"]
      }
      service {
        name = "of-task-${TASKGROUP}"
        port = "http"
        connect { native = true }
      }
    }
  }

  group "ingress" {
    network {
      mode = "bridge"
    }
    service {
      name = "ingress"
      port = "${var.port}"
      connect {
        gateway {
          proxy {
            connect_timeout                     = "5s"
            envoy_gateway_bind_tagged_addresses = true
            envoy_gateway_no_default_bind       = true
            envoy_dns_discovery_type            = "LOGICAL_DNS"
            envoy_gateway_bind_addresses "wan" {
              address = "0.0.0.0"
              port    = var.port
            }
            config {
              a = var.name
            }
          }
          ingress {
            tls {
              enabled         = true
              tls_min_version = "TLSv1_2"
              tls_max_version = "TLSv1_3"
              cipher_suites   = ["X"]
              sds {
                cluster_name  = "sds"
                cert_resource = var.name
              }
            }
            listener {
              port     = var.port
              protocol = "http"
              service {
                name                    = var.name
                hosts                   = ["${var.name}.example.com"]
                max_connections         = 1
                max_pending_requests    = 2
                max_concurrent_requests = 3
                tls {
                  sds {
                    cluster_name = "sds"
                  }
                }
                request_headers {
                  add {
                    X = var.name
                  }
                  set {
                    Y = "y"
                  }
                  remove = ["Z"]
                }
                response_headers {
                  remove = [var.name]
                }
              }
            }
          }
        }
      }
    }
  }
  group "terminating" {
    network {
      mode   = "host"
      device = "eth0"
      cidr   = "10.0.0.0/8"
      ip     = "10.0.0.1"
    }
    service {
      name = "terminating"
      connect {
        gateway {
          terminating {
            service {
              name      = var.name
              ca_file   = "/ca-${var.name}.pem"
              cert_file = "/c.pem"
              key_file  = "/k.pem"
              sni       = "${var.name}.example.com"
            }
          }
        }
      }
    }
    service {
      name = "mesh-gateway"
      connect {
        gateway {
          mesh {}
        }
      }
    }
  }
}
