// Package eval turns a pack and its values into static HCL that Nomad's own parser reads, with a map back to the
// author's files.
//
// In: a pack.Pack, its vars.Values, the release. Out: a Result. It is a pure function: no clock, no randomness, no
// environment, and files only through the pack's fs.FS. It never reprints a file: it splices literals into the author's
// bytes. The clients and the sidecars must not import it; they get what it made through hcl/stack.
package eval
