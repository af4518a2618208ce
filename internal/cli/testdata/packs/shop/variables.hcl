variable "env" {
  type    = string
  default = "dev"
}

variable "port" {
  type        = number
  description = "where it listens"
}

variable "count" {
  type    = number
  default = 1
}
