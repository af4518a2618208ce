variable "env" {
  description = "Which file of env/ gives the values"
  type        = string
  default     = "dev"
}

variable "command" {
  description = "Absolute path of the web server on the Nomad client; make builds it at bin/hello. With driver exec it must stand below /usr or /bin"
  type        = string

  validation {
    condition     = substr(var.command, 0, 1) == "/"
    error_message = "Give the absolute path of the binary, such as /usr/local/bin/hello."
  }
}

variable "driver" {
  description = "raw_exec, or exec to run the server isolated (needs Nomad as root)"
  type        = string
  default     = "raw_exec"

  validation {
    condition     = contains(["raw_exec", "exec"], var.driver)
    error_message = "The driver is raw_exec or exec."
  }
}

variable "greeting" {
  description = "What the page says"
  type        = string
  default     = "Hello from Nomad"
}

variable "instances" {
  description = "How many servers run"
  type        = number
  default     = 1
}

variable "port" {
  description = "Port on the client, 0 for one that Nomad picks; a fixed one fits one instance a machine"
  type        = number
  default     = 0
}

variable "host_network" {
  description = "The Nomad host_network on which the port is: \"local\" is loopback on packctl's dev agents"
  type        = string
  default     = "default"
}

variable "check_interval" {
  description = "How often Consul asks for /health"
  type        = string
  default     = "2s"
}
