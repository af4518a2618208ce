package view

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/charmbracelet/x/ansi"
	"github.com/zclconf/go-cty/cty"
)

// Description is what "packctl info" says of a pack. What depends on values is empty where one is missing.
type Description struct {
	Name        string           `json:"pack"`
	Version     string           `json:"version"`
	About       string           `json:"description,omitempty"`
	Dir         string           `json:"dir"`
	Envs        []string         `json:"envs"`
	Env         string           `json:"env,omitempty"` // the one that the values pick
	Missing     []string         `json:"missing"`       // variables that must be given and are not
	Release     string           `json:"release,omitempty"`
	Inputs      []InputInfo      `json:"inputs"`
	Tiers       []TierInfo       `json:"tiers"`
	Credentials []CredentialInfo `json:"credentials"`
	Volumes     []VolumeInfo     `json:"volumes"`
	Hooks       []HookInfo       `json:"hooks"`
	Outputs     []OutputValue    `json:"outputs"`
}

// InputInfo is a variable of the pack.
type InputInfo struct {
	Name        string          `json:"name"`
	Type        string          `json:"type"`
	Default     cty.Value       `json:"-"` // NilVal where required or sensitive
	DefaultJSON json.RawMessage `json:"default,omitempty"`
	Description string          `json:"description,omitempty"`
	Required    bool            `json:"required"`
	Sensitive   bool            `json:"sensitive"`
}

// TierInfo is a tier that the pack would bring up.
type TierInfo struct {
	Name      string   `json:"name"`
	Job       string   `json:"job"`
	Wave      int      `json:"wave"` // from 1
	Type      string   `json:"type"`
	Count     int      `json:"count"`
	Services  []string `json:"services,omitempty"`
	WaitsFor  []string `json:"waits_for,omitempty"`
	Migration string   `json:"migration,omitempty"`
}

// CredentialInfo is a secret that must exist.
type CredentialInfo struct {
	Name    string   `json:"name"`
	How     string   `json:"how"` // for people: how it comes to exist
	Items   []string `json:"items"`
	Readers []string `json:"readers"` // job IDs
}

// VolumeInfo is a volume that must exist.
type VolumeInfo struct {
	Label  string `json:"label"`
	Name   string `json:"name"`
	Plugin string `json:"plugin,omitempty"`
}

// HookInfo is a job that runs at moments of the release's life.
type HookInfo struct {
	Name    string   `json:"name"`
	Job     string   `json:"job"` // its ID
	On      []string `json:"on"`
	Timeout string   `json:"timeout"`
}

// Described writes the description as tables.
func (h *Human) Described(d Description) {
	out := h.streams.Out
	fmt.Fprintf(out, "%s %s  %s\n", h.out.bold(d.Name), d.Version, h.out.dim(d.Dir))
	if d.About != "" {
		fmt.Fprint(out, h.wrapped(d.About, 0))
	}
	if len(d.Envs) > 0 {
		envs := make([]string, len(d.Envs))
		for i, e := range d.Envs {
			envs[i] = e
			if e == d.Env {
				envs[i] += " (picked)"
			}
		}
		fmt.Fprint(out, h.wrapped("Envs: "+strings.Join(envs, ", "), 6))
	}
	h.inputList(d.Inputs)
	if len(d.Missing) > 0 {
		fmt.Fprintln(out)
		fmt.Fprint(out, h.wrapped("What depends on values is not known yet: give -var "+strings.Join(d.Missing, "=… -var ")+"=…", 2))
		return
	}
	h.tierTable(d)
	var rows [][]string
	for _, c := range d.Credentials {
		rows = append(rows, []string{c.Name, c.How, "for " + list(c.Readers, "no job")})
	}
	h.table("Credentials", rows)
	rows = nil
	for _, v := range d.Volumes {
		rows = append(rows, []string{v.Label, v.Name, v.Plugin})
	}
	h.table("Volumes", rows)
	rows = nil
	for _, k := range d.Hooks {
		rows = append(rows, []string{k.Name, k.Job, "on " + strings.Join(k.On, ", ")})
	}
	h.table("Hooks, in the order in which they run", rows)
	rows = nil
	for _, o := range d.Outputs {
		rows = append(rows, []string{o.Name, o.Value})
	}
	h.table("Outputs", rows)
}

// inputs are two lines a variable: name, type and default; then what it means.
func (h *Human) inputList(inputs []InputInfo) {
	if len(inputs) == 0 {
		return
	}
	fmt.Fprintf(h.streams.Out, "\n%s\n", h.out.bold("Inputs"))
	names := 0
	for _, in := range inputs {
		names = max(names, ansi.StringWidth(in.Name))
	}
	for _, in := range inputs {
		value := "(sensitive)"
		switch {
		case in.Required:
			value = h.out.yellow("required")
		case !in.Sensitive:
			value = "= " + literal(in.Default)
		}
		fmt.Fprint(h.streams.Out, h.wrapped("  "+pad(in.Name, names)+"  "+in.Type+" "+value, names+6))
		if in.Description != "" {
			fmt.Fprint(h.streams.Out, h.wrapped(strings.Repeat(" ", names+4)+in.Description, names+4))
		}
	}
}

func (h *Human) tierTable(d Description) {
	var rows [][]string
	for _, t := range d.Tiers {
		waits := ""
		if len(t.WaitsFor) > 0 {
			waits = "waits for " + strings.Join(t.WaitsFor, ", ")
		}
		if t.Migration != "" {
			waits = strings.TrimPrefix(waits+", migrates "+t.Migration, ", ")
		}
		rows = append(rows, []string{strconv.Itoa(t.Wave), t.Name, "×" + strconv.Itoa(t.Count), t.Job, waits})
	}
	h.table("Tiers, by the wave in which release "+d.Release+" starts them", rows)
}

// table writes rows with aligned columns; the last one is wrapped at the terminal's edge.
func (h *Human) table(title string, rows [][]string) {
	if len(rows) == 0 {
		return
	}
	fmt.Fprintf(h.streams.Out, "\n%s\n", h.out.bold(title))
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], ansi.StringWidth(cell))
		}
	}
	for _, row := range rows {
		line, last := " ", len(row)-1
		for i, cell := range row[:last] {
			line += " " + pad(cell, widths[i]) + " "
		}
		fmt.Fprint(h.streams.Out, h.wrapped(strings.TrimRight(line+" "+row[last], " "), ansi.StringWidth(line)+1))
	}
}

// wrapped is a text for Out that ends at the terminal's edge.
func (h *Human) wrapped(text string, indent int) string {
	if !h.streams.OutTTY {
		return text + "\n"
	}
	width, _ := h.streams.size()
	return hang(text, min(indent, width/2), width, "\n")
}

func list(names []string, none string) string {
	if len(names) == 0 {
		return none
	}
	return strings.Join(names, ", ")
}

// Described writes the description with every list present.
func (j *JSON) Described(d Description) {
	d.Envs = append([]string{}, d.Envs...)
	d.Missing = append([]string{}, d.Missing...)
	d.Inputs = append([]InputInfo{}, d.Inputs...)
	for i := range d.Inputs {
		d.Inputs[i].DefaultJSON = rawJSON(d.Inputs[i].Default)
	}
	d.Tiers = append([]TierInfo{}, d.Tiers...)
	d.Credentials = append([]CredentialInfo{}, d.Credentials...)
	d.Volumes = append([]VolumeInfo{}, d.Volumes...)
	d.Hooks = append([]HookInfo{}, d.Hooks...)
	d.Outputs = append([]OutputValue{}, d.Outputs...)
	value(j.streams.Out, d)
}
