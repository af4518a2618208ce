pack "secured" {
  version = "1.0.0"

  sidecar {
    driver         = "raw_exec"
    path           = var.sidecar
    consul_address = var.consul_address
  }
}

credential "login" {
  password { length = 24 }
}

volume "store" {
  type      = "host"
  plugin_id = "mkdir"

  capability {
    access_mode     = "single-node-writer"
    attachment_mode = "file-system"
  }
}
