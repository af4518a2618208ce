# Host and CSI volumes, and a CSI plugin on every node: a system job.
variable "id" { default = "ebs" }
variable "flags" { default = ["noatime", "ro"] }

job "storage" {
  type = "system"

  group "plugin" {
    volume "data" {
      type            = "csi"
      source          = "vol-${var.id}"
      read_only       = true
      per_alloc       = true
      access_mode     = "multi-node-reader-only"
      attachment_mode = "file-system"
      mount_options {
        fs_type     = "ext4"
        mount_flags = var.flags
      }
    }
    volume "host" {
      type   = "host"
      source = "h-${var.id}"
      sticky = true
    }
    task "plugin" {
      driver = "docker"
      config {
        image      = "ebs-${var.id}"
        privileged = true
        mount {
          type     = "bind"
          source   = "/dev/${var.id}"
          target   = "/dev"
          readonly = false
          bind_options {
            propagation = "rshared"
          }
        }
      }
      csi_plugin {
        id                     = "aws-${var.id}"
        type                   = "monolith"
        mount_dir              = "/csi-${var.id}"
        stage_publish_base_dir = "/local/csi"
        health_timeout         = "50s"
      }
      volume_mount {
        volume           = "data"
        destination      = "/data/${var.id}"
        read_only        = true
        propagation_mode = "private"
        selinux_label    = "Z"
      }
    }
  }
}
