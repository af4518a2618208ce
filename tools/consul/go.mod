module github.com/packctl/packctl/tools/consul

go 1.26.0

require github.com/hashicorp/consul v1.22.3

// Consul's own go.mod excludes these; an exclude counts in the main module only, so they are repeated here.
exclude (
	github.com/hashicorp/go-msgpack v1.1.5
	github.com/hashicorp/go-msgpack v1.1.6
)
