variable "sidecar" {
  type        = string
  description = "Path of the sidecar's binary."
}

variable "consul_address" {
  type        = string
  description = "Consul's API, as tasks reach it."
}

variable "ca" {
  type        = string
  description = "Path of the certificate of Consul's authority."
}

variable "greeting" {
  type        = string
  description = "What the front says."
  default     = "hello"
}

variable "canary" {
  type        = number
  description = "Instances of a new version that wait to be promoted."
  default     = 0
}
