package release

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/hcl/stack"
)

// records keeps the revisions of one release as Nomad Variables:
//
//	packctl/releases/<release>/revisions/000007      the Revision, JSON in one item
//	packctl/releases/<release>/revisions/000007/001  a piece of its Manifest: gzipped JSON in base64
//
// A revision exists when its head does: pieces are written before it, and removed after it. Whoever writes holds the
// release's lock; one that lost it unknowingly finds that the head moved.
type records struct {
	store Store
	base  string // ends with a slash
	index map[int]uint64
}

func recordsOf(store Store, release string) *records {
	return &records{store: store, base: "packctl/releases/" + release + "/revisions/", index: map[int]uint64{}}
}

const (
	recordItem = "record" // the key of the one item
	pieceSize  = 60 << 10 // bytes; a variable takes 64 KiB, its keys included
)

func (s *records) path(number int) string { return fmt.Sprintf("%s%06d", s.base, number) }

func (s *records) piece(number, i int) string { return fmt.Sprintf("%s/%03d", s.path(number), i+1) }

// listing is what is stored of a release.
type listing struct {
	heads   []int // ascending
	pieces  map[int][]string
	orphans []string // pieces that belong to no head: a writer died
}

// newest is the highest number, or 0.
func (l listing) newest() int {
	if len(l.heads) == 0 {
		return 0
	}
	return l.heads[len(l.heads)-1]
}

func (s *records) paths(ctx context.Context) (listing, error) {
	all, err := s.store.VariablePaths(ctx, s.base)
	if err != nil {
		return listing{}, err
	}
	l := listing{pieces: map[int][]string{}}
	for _, path := range all {
		head, _, isPiece := strings.Cut(strings.TrimPrefix(path, s.base), "/")
		number, err := strconv.Atoi(head)
		switch {
		case err != nil: // somebody else's
		case isPiece:
			l.pieces[number] = append(l.pieces[number], path)
		default:
			l.heads = append(l.heads, number)
		}
	}
	slices.Sort(l.heads)
	for _, number := range slices.Sorted(maps.Keys(l.pieces)) {
		if !slices.Contains(l.heads, number) {
			l.orphans = append(l.orphans, l.pieces[number]...)
		}
	}
	return l, nil
}

// read is one revision, or nil.
func (s *records) read(ctx context.Context, number int) (*Revision, error) {
	v, err := s.store.Variable(ctx, s.path(number))
	if err != nil || v == nil {
		return nil, err
	}
	var r Revision
	if err := json.Unmarshal([]byte(v.Items[recordItem]), &r); err != nil {
		return nil, fmt.Errorf("read the record %s, which this packctl did not write: %w", v.Path, err)
	}
	s.index[number] = v.ModifyIndex
	return &r, nil
}

// list reads every revision, the oldest first.
func (s *records) list(ctx context.Context) ([]*Revision, error) {
	l, err := s.paths(ctx)
	if err != nil {
		return nil, err
	}
	var out []*Revision
	for _, number := range l.heads {
		r, err := s.read(ctx, number)
		if err != nil {
			return nil, err
		}
		if r != nil { // pruned in between
			out = append(out, r)
		}
	}
	return out, nil
}

// create writes a new revision with its manifest; Parts and Sum are filled in. A number that exists is a FaultMoved.
func (s *records) create(ctx context.Context, r *Revision, m *Manifest) error {
	pieces, sum, err := pack(m)
	if err != nil {
		return fmt.Errorf("record revision %d: %w", r.Number, err)
	}
	r.Parts, r.Sum = len(pieces), sum
	for i, text := range pieces {
		v := &api.Variable{Path: s.piece(r.Number, i), Items: api.VariableItems{recordItem: text}}
		if err := s.store.PutVariable(ctx, v); err != nil {
			return err
		}
	}
	return s.update(ctx, r)
}

// update writes a revision's head when nobody else did since it was read or written here.
func (s *records) update(ctx context.Context, r *Revision) error {
	data, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("record revision %d: %w", r.Number, err)
	}
	v := &api.Variable{Path: s.path(r.Number), Items: api.VariableItems{recordItem: string(data)}, ModifyIndex: s.index[r.Number]}
	if err := s.store.PutVariable(ctx, v); err != nil {
		return err
	}
	s.index[r.Number] = v.ModifyIndex
	return nil
}

// manifest reads what a revision submitted.
func (s *records) manifest(ctx context.Context, r *Revision) (*Manifest, error) {
	var text strings.Builder
	for i := range r.Parts {
		v, err := s.store.Variable(ctx, s.piece(r.Number, i))
		if err != nil {
			return nil, err
		}
		if v == nil {
			return nil, fmt.Errorf("revision %d cannot be read: its variable %s is gone", r.Number, s.piece(r.Number, i))
		}
		text.WriteString(v.Items[recordItem])
	}
	m, err := unpack(text.String(), r.Sum)
	if err != nil {
		return nil, fmt.Errorf("read the manifest of revision %d at %s: %w", r.Number, s.path(r.Number), err)
	}
	return m, nil
}

// remove removes variables.
func (s *records) remove(ctx context.Context, paths ...string) error {
	for _, path := range paths {
		if err := s.store.DeleteVariable(ctx, path); err != nil {
			return err
		}
	}
	return nil
}

// prune removes the oldest revisions until there are keep, except those that are held. The head goes first: what is left of
// one that is removed half is an orphan, which the next run removes.
func (s *records) prune(ctx context.Context, keep int, held ...int) error {
	l, err := s.paths(ctx)
	if err != nil {
		return err
	}
	for _, number := range l.heads[:max(0, len(l.heads)-keep)] {
		if slices.Contains(held, number) {
			continue
		}
		if err := s.remove(ctx, append([]string{s.path(number)}, l.pieces[number]...)...); err != nil {
			return err
		}
	}
	return nil
}

// recorded is a manifest as it is kept. Sources are texts, which compress better than the base64 that JSON makes of bytes.
type recorded struct {
	Manifest
	Sources []string
}

// pack makes the pieces of a manifest. Values of credentials are left out; they are the cluster's to keep.
func pack(m *Manifest) (pieces []string, sum string, err error) {
	data, err := wire(m)
	if err != nil {
		return nil, "", err
	}
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	if _, err := z.Write(data); err != nil {
		return nil, "", err
	}
	if err := z.Close(); err != nil {
		return nil, "", err
	}
	for piece := range slices.Chunk([]byte(base64.StdEncoding.EncodeToString(zipped.Bytes())), pieceSize) {
		pieces = append(pieces, string(piece))
	}
	return pieces, sumOf(data), nil
}

// wire is a manifest in JSON: equal manifests are equal bytes.
func wire(m *Manifest) ([]byte, error) {
	out := recorded{Manifest: *m}
	out.Jobs = slices.Clone(m.Jobs)
	for i := range out.Jobs {
		out.Sources = append(out.Sources, string(out.Jobs[i].Source))
		out.Jobs[i].Source = nil
	}
	out.Credentials = make([]stack.Credential, len(m.Credentials))
	for i, c := range m.Credentials {
		c.Value = nil
		out.Credentials[i] = c
	}
	return json.Marshal(out)
}

func sumOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// maxManifest bounds what is unpacked, in bytes.
const maxManifest = 256 << 20

func unpack(text, sum string) (*Manifest, error) {
	zipped, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, err
	}
	z, err := gzip.NewReader(bytes.NewReader(zipped))
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(z, maxManifest))
	if err != nil {
		return nil, err
	}
	if got := sumOf(data); got != sum {
		return nil, fmt.Errorf("it is not what was recorded: its sum is %.12s, not %.12s", got, cmp.Or(sum, "none"))
	}
	return unwire(data)
}

// unwire is the manifest of what wire made.
func unwire(data []byte) (*Manifest, error) {
	var in recorded
	if err := json.Unmarshal(data, &in); err != nil {
		return nil, err
	}
	if len(in.Sources) != len(in.Jobs) {
		return nil, errors.New("it does not hold the source of each job")
	}
	for i := range in.Jobs {
		in.Jobs[i].Source = []byte(in.Sources[i])
	}
	return &in.Manifest, nil
}
