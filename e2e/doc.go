// Package e2e runs packctl as a user does: the built binaries, real Nomad and Consul agents on ports of their own, real
// containers, a real browser.
//
// Everything in it is behind the build tag e2e. The agents are started once for all tests by `packctl dev up` and taken
// down by `packctl dev down --purge`, also after a failure or an interrupt. Nothing imports this package.
package e2e
