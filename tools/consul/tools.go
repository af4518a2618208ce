//go:build tools

// Package tools pins the Consul agent that development and the tests run.
package tools

import _ "github.com/hashicorp/consul"
