package pack

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// Grammar is what pack.hcl and variables.hcl may hold, as commented HCL for documentation: each block with its attributes,
// what they take, and whether a block may stand more than once.
func Grammar() string {
	g := &grammar{words: meanings()}
	g.b.WriteString("# pack.hcl\n")
	g.blocks(packSchema(), "", 0)
	g.b.WriteString("\n# variables.hcl, and at the top of a job file\n")
	g.blocks(variablesSchema(), "", 0)
	return g.b.String()
}

type grammar struct {
	b     strings.Builder
	words map[string]meaning
}

// meaning is what an attribute takes, or of a block, and what it is for.
type meaning struct{ takes, about string }

func (g *grammar) blocks(s *Schema, path string, depth int) {
	indent := strings.Repeat("  ", depth)
	names := slices.Sorted(maps.Keys(s.Blocks))
	if first := slices.Index(names, "pack"); first > 0 {
		names = slices.Insert(slices.Delete(names, first, first+1), 0, "pack")
	}
	for i, name := range names {
		sub := s.Blocks[name]
		if i > 0 && depth == 0 {
			g.b.WriteString("\n")
		}
		head := name
		if sub.Labels > 0 {
			head += ` "<name>"`
		}
		if slices.Contains(s.Attributes, name) {
			continue // either way of writing it is the same; the attribute says so
		}
		about := "one at most"
		switch {
		case depth == 0 && name == "pack":
			about = "exactly one"
		case sub.Many:
			about = "any number"
		}
		if m := g.words[path+name]; m.about != "" {
			about += ": " + m.about
		}
		if len(sub.Attributes)+len(sub.Blocks) == 0 {
			fmt.Fprintf(&g.b, "%s%s { <name> = <any>… } # %s\n", indent, head, about)
			continue
		}
		fmt.Fprintf(&g.b, "%s%s { # %s\n", indent, head, about)
		g.attributes(sub, path+name+".", depth+1)
		g.blocks(sub, path+name+".", depth+1)
		fmt.Fprintf(&g.b, "%s}\n", indent)
	}
}

func (g *grammar) attributes(s *Schema, path string, depth int) {
	names, takes := 0, 0
	for _, a := range s.Attributes {
		names, takes = max(names, len(a)), max(takes, utf8.RuneCountInString(g.words[path+a].takes))
	}
	for _, a := range s.Attributes {
		m := g.words[path+a]
		line := fmt.Sprintf("%s%-*s = %-*s # %s", strings.Repeat("  ", depth), names, a, takes, m.takes, m.about)
		g.b.WriteString(strings.TrimRight(line, "# ") + "\n")
	}
}

// meanings are by the path of the block or the attribute. A test holds that none is missing and none is left over.
func meanings() map[string]meaning {
	const text, texts, boolean, number, any = "<text>", "[<text>…]", "<bool>", "<number>", "<any>"
	when := meaning{boolean, "false: as if the block were not there"}
	return map[string]meaning{
		"pack":                                         {"", ""},
		"pack.version":                                 {text, "required; plain text, read before variables have values"},
		"pack.description":                             {text, "what the pack is; plain text"},
		"pack.sidecar":                                 {"", "how the prestart task runs"},
		"pack.sidecar.driver":                          {text, `"docker" (default), "raw_exec" or "exec"`},
		"pack.sidecar.image":                           {text, "docker: an image that holds /sidecar"},
		"pack.sidecar.path":                            {text, "raw_exec and exec: the absolute path of the program"},
		"pack.sidecar.consul_address":                  {text, "Consul's HTTP API as the task reaches it, host:port"},
		"credential":                                   {"", "a secret that must exist before its readers are submitted"},
		"credential.generate":                          {boolean, "true (default where it says what): made when missing; false: somebody puts it there"},
		"credential.value":                             {text, "the secret itself, from a sensitive variable"},
		"credential.volumes":                           {texts, "volumes whose data was made with it: while one exists, no new secret is generated"},
		"credential.when":                              when,
		"credential.password":                          {"", "letters and digits"},
		"credential.password.length":                   {number, "characters, 8 to 256; default 32"},
		"credential.bytes":                             {"", "a random key"},
		"credential.bytes.length":                      {number, "bytes before they are encoded, 16 to 1024; default 32"},
		"credential.bytes.encoding":                    {text, `"base64" (default) or "hex"`},
		"credential.bytes.prefix":                      {text, `stands before the encoded bytes: "base64:"`},
		"credential.certificate":                       {"", "with its key; self-signed where it has no authority"},
		"credential.certificate.authority":             {"", "a certificate authority of the release's own signs it"},
		"credential.certificate.authority.common_name": {text, `its subject; default "<release>-<label>"`},
		"credential.certificate.authority.valid_for":   {"<duration>", `default "87600h", never less than the certificate's`},
		"credential.certificate.dns_names":             {texts, "names it is valid for"},
		"credential.certificate.ips":                   {texts, "addresses it is valid for"},
		"credential.certificate.common_name":           {text, "its subject"},
		"credential.certificate.valid_for":             {"<duration>", `"8760h"`},
		"volume":                                       {"", "Nomad's own dynamic host volume specification"},
		"volume.type":                                  {text, `"host"`},
		"volume.plugin_id":                             {text, `"mkdir", or another plugin of the client`},
		"volume.node_pool":                             {text, "where it may be made"},
		"volume.node_id":                               {text, "the one client where it is made"},
		"volume.capacity_min":                          {text, `"1GiB"`},
		"volume.capacity_max":                          {text, `"10GiB"`},
		"volume.parameters":                            {"{ <name> = <text>… }", "the plugin's own: mode, uid, gid; a block does as well"},
		"volume.name":                                  {text, `default "<release>-<label>"`},
		"volume.namespace":                             {text, "default: the release's"},
		"volume.host_path":                             {text, "a folder that is there already"},
		"volume.when":                                  when,
		"volume.capability":                            {"", ""},
		"volume.capability.access_mode":                {text, `"single-node-writer", …`},
		"volume.capability.attachment_mode":            {text, `"file-system"`},
		"volume.constraint":                            {"", ""},
		"volume.constraint.attribute":                  {text, `"${attr.…}"`},
		"volume.constraint.operator":                   {text, `"=", …`},
		"volume.constraint.value":                      {text, ""},
		"hook":                                         {"", "a batch job of the pack that runs at these moments, and only then"},
		"hook.job":                                     {text, "required; the label of a job of type batch or sysbatch"},
		"hook.on":                                      {texts, "required; pre-install, post-install, pre-upgrade, post-upgrade, pre-rollback, post-rollback, pre-delete, test"},
		"hook.timeout":                                 {"<duration>", `how long it may take; default "10m"`},
		"hook.when":                                    when,
		"output":                                       {"", "told after run"},
		"output.description":                           {text, "what it is"},
		"output.value":                                 {text, "required"},
		"output.when":                                  when,
		"external":                                     {"", "what others provide: no check looks for it in the stack"},
		"external.services":                            {texts, "in Consul or Nomad"},
		"external.variables":                           {texts, "paths of Nomad Variables"},
		"external.volumes":                             {texts, "host volumes"},
		"external.when":                                when,
		"variable":                                     {"", "an input"},
		"variable.type":                                {"<type>", "string, number, bool, list(…), set(…), map(…), object({ … optional(…, default) }), tuple([…]), any"},
		"variable.default":                             {any, "absent: a value must be given"},
		"variable.description":                         {text, "plain text"},
		"variable.sensitive":                           {boolean, "true: it may flow into a credential only, and is never shown"},
		"variable.nullable":                            {boolean, "false: null is refused; default true"},
		"variable.validation":                          {"", "what a value must be"},
		"variable.validation.condition":                {boolean, "an expression over var.<name>, which must name this variable"},
		"variable.validation.error_message":            {text, "plain text"},
		"locals":                                       {"", "names for expressions, read as local.<name>"},
	}
}
