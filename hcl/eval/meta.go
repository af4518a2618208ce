package eval

import (
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/packctl/packctl/hcl/pack"
)

// The keys in a job's meta by which packctl knows a job as a release's.
const (
	MetaRelease = "packctl_release"
	MetaPack    = "packctl_pack"

	// MetaNamespace has the namespace of the release, in a job whose file names a namespace.
	MetaNamespace = "packctl_namespace"
)

// jobMeta puts the release and the pack into a job's meta: into its block or object where it has one, else into a
// block at the job's top.
func (f *fileEval) jobMeta(job *hclsyntax.Block, sc *scope) []edit {
	release, packName := quote(f.result.Release.Name), quote(f.result.Pack.Name)
	var home string
	if _, own := job.Body.Attributes["namespace"]; own {
		home = quote(f.result.Release.Namespace)
	}
	for _, b := range job.Body.Blocks {
		if b.Type == "meta" {
			f.reserved(pack.Attributes(b.Body))
			return append(f.freeBody(b.Body, sc), f.metaBlock(b, release, packName, home)...)
		}
	}
	if a, ok := job.Body.Attributes["meta"]; ok {
		return f.metaAttribute(a, release, packName, home, sc)
	}
	indent := f.inner(job.Body, job.Range().Start.Byte)
	text := "\n" + indent + "meta {" + metaLines(indent+"  ", release, packName, home) + "\n" + indent + "}\n"
	at := job.OpenBraceRange.End.Byte
	if !f.file.room(at) {
		text += indent
	}
	return []edit{{start: at, end: at, pieces: []piece{{start: job.TypeRange.Start.Byte, end: job.LabelRanges[0].End.Byte, text: text}}}}
}

// metaLines are packctl's own keys, each on a line of its own.
func metaLines(indent, release, packName, home string) string {
	if home != "" {
		return fmt.Sprintf("\n%[1]s%[2]s   = %[3]s\n%[1]s%[4]s      = %[5]s\n%[1]s%[6]s = %[7]s", indent, MetaRelease, release, MetaPack, packName, MetaNamespace, home)
	}
	return fmt.Sprintf("\n%[1]s%[2]s = %[3]s\n%[1]s%[4]s    = %[5]s", indent, MetaRelease, release, MetaPack, packName)
}

func (f *fileEval) metaBlock(b *hclsyntax.Block, release, packName, home string) []edit {
	at := b.OpenBraceRange.End.Byte
	lead, _ := f.file.indent(b.Range().Start.Byte)
	indent := f.inner(b.Body, b.Range().Start.Byte)
	text := metaLines(indent, release, packName, home)
	e := edit{start: at, end: at, pieces: []piece{{start: b.TypeRange.Start.Byte, end: b.TypeRange.End.Byte, text: text}}}
	if f.file.lineEnd(at) > at || f.file.room(at) {
		return []edit{e}
	}
	// meta { a = "1" } on one line holds at most one attribute, which gets a line of its own.
	e.end = b.CloseBraceRange.Start.Byte
	e.pieces[0].text += "\n" + lead
	attrs := pack.Attributes(b.Body)
	if len(attrs) == 0 {
		return []edit{e}
	}
	a := attrs[0].SrcRange
	e.end = a.Start.Byte
	e.pieces[0].text = text + "\n" + indent
	return []edit{e, replace(a.End.Byte, b.CloseBraceRange.Start.Byte, "\n"+lead)}
}

func (f *fileEval) metaAttribute(a *hclsyntax.Attribute, release, packName, home string, sc *scope) []edit {
	ours := fmt.Sprintf("%s = %s, %s = %s", MetaRelease, release, MetaPack, packName)
	if home != "" {
		ours += fmt.Sprintf(", %s = %s", MetaNamespace, home)
	}
	if o, ok := a.Expr.(*hclsyntax.ObjectConsExpr); ok {
		for _, item := range o.Items {
			f.reservedKey(hcl.ExprAsKeyword(item.KeyExpr), item.KeyExpr.Range())
		}
		if len(o.Items) > 0 {
			ours += ","
		}
		at := o.OpenRange.End.Byte
		out := f.expr(a.Expr, slotConfig, sc)
		return append(out, edit{start: at, end: at, pieces: []piece{{start: a.NameRange.Start.Byte, end: a.NameRange.End.Byte, text: " " + ours}}})
	}
	edits := f.expr(a.Expr, slotElement, sc)
	start, end := a.Expr.Range().Start.Byte, a.Expr.Range().End.Byte
	pieces := []piece{{start: a.NameRange.Start.Byte, end: a.NameRange.End.Byte, text: "merge("}}
	pieces = append(pieces, f.file.pieces(start, end, edits)...)
	pieces = append(pieces, piece{start: a.NameRange.Start.Byte, end: a.NameRange.End.Byte, text: ", { " + ours + " })"})
	return []edit{{start: start, end: end, pieces: pieces}}
}

func (f *fileEval) reserved(attrs []*hclsyntax.Attribute) {
	for _, a := range attrs {
		f.reservedKey(a.Name, a.NameRange)
	}
}

func (f *fileEval) reservedKey(name string, at hcl.Range) {
	if name == MetaRelease || name == MetaPack || name == MetaNamespace {
		f.diags.Add("reserved-meta", at, "Reserved meta key", "packctl writes %s itself, to know the job again; use another key.", name)
	}
}

// inner is the indentation of a body's content: that of its first line, or two spaces more than its block's.
func (f *fileEval) inner(body *hclsyntax.Body, blockStart int) string {
	first := -1
	for _, a := range body.Attributes {
		if first < 0 || a.SrcRange.Start.Byte < first {
			first = a.SrcRange.Start.Byte
		}
	}
	for _, b := range body.Blocks {
		if first < 0 || b.TypeRange.Start.Byte < first {
			first = b.TypeRange.Start.Byte
		}
	}
	if first >= 0 {
		if lead, alone := f.file.indent(first); alone {
			return lead
		}
	}
	lead, _ := f.file.indent(blockStart)
	return lead + "  "
}
