package eval

import (
	"net/netip"
	"regexp"
	"time"

	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/packctl/packctl/hcl/diag"
)

const (
	defaultCertificate = 365 * 24 * time.Hour
	defaultAuthority   = 10 * 365 * 24 * time.Hour
)

func (e *evaluator) credentials() {
	for _, b := range e.pack.Credentials {
		d := e.kept(b)
		if d == nil {
			continue
		}
		c := Credential{Name: b.Labels[0], Generate: d.flag("generate", true), Volumes: d.texts("volumes"), Range: b.DefRange()}
		for _, name := range c.Volumes {
			e.volumeExists(name, b)
		}
		for i, v := range c.Volumes {
			c.Volumes[i] = e.result.Release.Name + "-" + v
		}
		_, given := b.Body.Attributes["value"]
		kinds := 0
		if given {
			kinds++
			c.Value = d.secret()
			c.Generate = false
		}
		for _, sub := range b.Body.Blocks {
			kinds++
			s := d.sub(sub)
			switch sub.Type {
			default:
				kinds-- // an unknown one has been said
			case "password":
				c.Password = &Password{Length: s.number("length", 32, 8, 256)}
			case "bytes":
				c.Bytes = s.bytesOfKey()
			case "certificate":
				c.Certificate = s.certificate(e.result.Release.Name + "-" + c.Name)
			}
		}
		if kinds > 1 {
			e.diags.Add("two-kinds", b.DefRange(), "Two kinds of credential", "A credential is one of password, bytes, certificate or value.")
		}
		if kinds == 0 {
			// Nothing says how to make one, so somebody must have put it there.
			c.Generate = false
		}
		e.result.Credentials = append(e.result.Credentials, c)
	}
}

func (e *evaluator) volumeExists(name string, credential *hclsyntax.Block) {
	var names []string
	for _, v := range e.pack.Volumes {
		if v.Labels[0] == name {
			return
		}
		names = append(names, v.Labels[0])
	}
	e.diags.Add("unknown-volume", credential.Body.Attributes["volumes"].Expr.Range(), "Unknown volume", "%s",
		"The pack has no volume "+quote(name)+"."+diag.DidYouMean(name, names, "")+" It has: "+diag.List(names, "none")+".")
}

// secret is the value of a credential: the one place where a sensitive variable may be read. Nothing of it may show.
func (d *decoder) secret() *Secret {
	a := d.block.Body.Attributes["value"]
	before := len(d.diags)
	r := d.classify(a.Expr, d.scope, true).at[a.Expr]
	if d.diags[before:].HasErrors() {
		return nil
	}
	at := a.Expr.Range()
	if r.runtime || r.bound != 0 {
		d.diags.Add("not-static", at, "Not known before deployment", "value is written before anything runs, so it may read var, local, pack and release only.")
		return nil
	}
	v, diags := d.budget.Try(a.Expr, d.scope.ctx)
	if d.budget.Spent() {
		d.overspent()
		return nil
	}
	if !diags.HasErrors() && !v.IsWhollyKnown() {
		return nil
	}
	v, _ = v.UnmarkDeep()
	text, err := convert.Convert(v, cty.String)
	if diags.HasErrors() || err != nil || text.IsNull() {
		d.diags = append(d.diags, diag.Diagnostic{ID: "bad-secret", Summary: "Value of a credential is not a text", Subject: at, Hidden: r.sensitive == nil,
			Detail: "The value of credential " + quote(d.block.Labels[0]) + " must be a text; what it is instead is not shown, because it is secret."})
		return nil
	}
	s := NewSecret(text.AsString())
	return &s
}

// bytesOfKey is a random key: enough bytes that nobody guesses it.
func (d *decoder) bytesOfKey() *Bytes {
	return &Bytes{
		Length:   d.number("length", 32, 16, 1024),
		Encoding: d.oneOf("encoding", Base64, Hex),
		Prefix:   d.text("prefix", ""),
	}
}

func (d *decoder) certificate(name string) *Certificate {
	c := &Certificate{
		CommonName: d.text("common_name", "localhost"), DNSNames: d.dnsNames(), IPs: d.ips(),
		ValidFor: d.duration("valid_for", defaultCertificate),
	}
	for _, sub := range d.block.Body.Blocks {
		if sub.Type != "authority" {
			continue
		}
		s := d.sub(sub)
		c.Authority = &Authority{CommonName: s.text("common_name", name), ValidFor: s.duration("valid_for", max(defaultAuthority, c.ValidFor))}
		if c.Authority.ValidFor < c.ValidFor {
			d.diags.Add("authority-too-short", sub.Body.Attributes["valid_for"].Expr.Range(), "Authority ends before its certificate",
				"A certificate is worth nothing after its authority's end: valid_for of authority is at least the certificate's, %s.", c.ValidFor)
		}
	}
	return c
}

// ips are addresses, each of which is one.
func (d *decoder) ips() []string {
	out := d.texts("ips")
	for _, s := range out {
		if _, err := netip.ParseAddr(s); err != nil {
			d.diags.Add("bad-address", d.block.Body.Attributes["ips"].Expr.Range(), "Not an IP address",
				"ips of certificate holds %q, which is no IP address; a name belongs into dns_names.", s)
		}
	}
	return out
}

var dnsName = regexp.MustCompile(`^(\*\.)?[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9])?)*$`)

// dnsNames are names that a client may ask for, without a port.
func (d *decoder) dnsNames() []string {
	out := d.texts("dns_names")
	for _, s := range out {
		if _, err := netip.ParseAddr(s); err == nil || !dnsName.MatchString(s) {
			d.diags.Add("bad-name", d.block.Body.Attributes["dns_names"].Expr.Range(), "Not a DNS name",
				"dns_names of certificate holds %q, which is no DNS name such as \"db.example\" or \"*.example\"; an address belongs into ips.", s)
		}
	}
	return out
}
