variable "ends" {
  type        = string
  description = "How a run of the pack ends."
  default     = "healthy"
}

variable "generation" {
  type        = string
  description = "Makes a revision another one."
}

variable "memory" {
  type        = number
  description = "MB that two of the tiers want each."
  default     = 20
}

locals {
  ready = !contains(["unready", "reverted"], var.ends)
  quick = !local.ready || var.ends == "crowded"
}
