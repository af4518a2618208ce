module github.com/packctl/packctl/tools/lint

go 1.26.0

require (
	github.com/golangci/golangci-lint/v2 v2.15.0
	golang.org/x/vuln v1.9.0
)
