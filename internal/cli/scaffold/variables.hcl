variable "env" {
  description = "Which file of env/ gives the values"
  type        = string
  default     = "dev"
}

variable "greeting" {
  description = "What the page says"
  type        = string
  default     = "Hello"
}

variable "port" {
  description = "Port of the page on the Nomad client"
  type        = number
  default     = 8000

  validation {
    condition     = var.port > 0 && var.port < 65536
    error_message = "A port is a number from 1 to 65535."
  }
}

variable "host_network" {
  description = "The Nomad host_network on which the port is: \"local\" is loopback on packctl's dev agents"
  type        = string
  default     = "default"
}

variable "python" {
  description = "Python 3 on the Nomad client, which serves the page"
  type        = string
  default     = "python3"
}
