variable "name" { default = "prod" }
variable "count" { default = 3 }
variable "negative" { default = -4 }
variable "fraction" { default = 0.25 }
variable "huge" { default = 123456789012345678901234567890 }
variable "yes" { default = true }
variable "no" { default = false }
variable "nothing" {
  type    = string
  default = null
}
variable "empty" { default = "" }
variable "dollar" { default = "$" }
variable "percent" { default = "%" }
variable "brace" { default = "$${x} %%{y} $$${z} {q}" }
variable "quotes" { default = "say \"hi\" \\ back" }
variable "spaces" { default = "  edge  " }
variable "lines" { default = "one\n  two\n\nthree\n" }
variable "unended" { default = "one\ntwo" }
variable "delimiters" { default = "EOT\nEOT2\nx\n" }
variable "control" { default = "a\tb\rc\u0001d" }
variable "wide" { default = "Grüße 日本 👩‍👩‍👧 \u200b" }
variable "list" {
  type    = list(string)
  default = ["b", "a", "b"]
}
variable "set" {
  type    = set(string)
  default = ["b", "a", "b"]
}
variable "map" {
  type    = map(string)
  default = { "z-1" = "1", a = "2", "with space" = "3", "for" = "4", null = "5" }
}
variable "object" {
  default = { name = "n", list = [1, "two", { three = 3 }], deep = { "for" = { x = null } } }
}
variable "maps" {
  default = [{ source = "/a", target = "/b" }, { source = "/c", target = "/d" }]
}

locals {
  both    = "${var.name}-${var.count}"
  address = "${attr.unique.network.ip-address}:${var.count}"
  again   = local.both
  sum     = var.count + var.negative
}

# comment before, with ${var.name} in it
job "expressions" {
  datacenters = [var.name, "dc-${var.count}", "${NOMAD_DC}"]
  priority    = var.count * 10 + 5
  all_at_once = !var.no

  meta {
    name     = var.name
    mixed    = "${var.name}-${NOMAD_ALLOC_ID}/${var.count}${attr.kernel.name}"
    dollar   = "${var.dollar}${NOMAD_DC}"
    percent  = "${var.percent}${NOMAD_DC}"
    dollar2  = "${var.dollar}{NOMAD_DC}"
    brace    = var.brace
    braces   = "<${var.brace}>"
    literal  = "$${var.name} %%{if} ${var.name}"
    trims    = "a ${~ var.name ~} b ${var.spaces} c"
    quotes   = "${var.quotes}:${var.quotes}"
    spaces   = "${var.spaces}|${var.empty}|${var.spaces}"
    wide     = "${var.wide}=${var.wide}"
    control  = "x${var.control}x"
    fraction = var.fraction
    huge     = var.huge
    nested   = "${"${var.name}-${"${var.count}"}"}"
    cond     = "%{if var.yes}yes ${NOMAD_DC}%{else}no%{endif} %{ if var.no ~} x %{ else ~} y${var.name} %{ endif }"
    loop     = "%{for x in var.list}<${x}${NOMAD_DC}${var.name}>%{endfor}"
    loopkey  = "%{for k, v in var.map}${k}=${v};%{endfor}"
    wrapped  = "${var.count}"
    untaken  = var.yes ? NOMAD_DC : var.object.missing
    tried    = try(var.object.missing, var.object.name, NOMAD_DC)
    can      = can(var.object.missing) ? "a" : "b"
    index    = var.list[1]
    key      = var.map["z-1"]
    attr     = var.object.deep["for"].x == null ? "null" : "some"
    splat    = join(",", var.maps[*].source)
    upper    = upper("${var.name}-x")
    shadow   = join(",", [for var in ["p", "q"] : "${var}!"])
    format   = format("%s:%s:%d", var.name, NOMAD_PORT_http, var.count)
    runtime  = env["HOME"]
    localed  = "${local.both}/${local.address}/${local.again}/${local.sum}"
    coalesce = coalesce(var.nothing, var.name)
    json     = jsonencode({ name = var.name, port = NOMAD_PORT_http, list = var.list, map = var.map })
    yaml     = yamlencode(var.object)
    md5      = md5(var.lines)
    strlen   = strlen(var.wide)
    heredoc  = <<EOT
first ${var.name}
  ${var.lines}
${NOMAD_DC} $${not} \n "quoted" ${var.quotes}
EOT
    flush    = <<-EOT
      ${var.name} a
        ${var.lines}
      ${NOMAD_DC}
        %{ if var.yes ~}
        yes ${var.spaces}
        %{ endif ~}
      EOT
    end      = "x"
  }

  constraint {
    attribute = "${attr.kernel.name}"
    operator  = var.yes ? "=" : "!="
    value     = "linux"
  }

  group "g" {
    count = var.count

    network {
      port "http" {
        to     = var.count + 8000
        static = var.no ? 80 : 81
      }
    }

    task "t" {
      driver = "docker"

      config {
        image      = "${var.name}:${var.count}"
        bare       = { inner = var.map }
        map        = var.map
        object     = var.object
        maps       = var.maps
        list       = var.list
        set        = var.set
        tuple      = [var.map, { a = var.name }, NOMAD_DC]
        neg        = var.negative
        calc       = -var.count - var.negative * 2
        mixedcalc  = [for i, x in var.list : "${i}${x}-${NOMAD_DC}" if x != "c"]
        objfor     = { for k, v in var.map : k => "${v}${NOMAD_DC}" }
        staticfor  = { for k, v in var.map : upper(k) => v }
        keyed      = { (var.name) = 1, "${var.name}-k" = 2, var = 3, "${var.name}" = 4 }
        merged     = merge(var.map, { x = NOMAD_DC })
        converted  = convert(var.set, list(string))
        concat     = concat(var.list, ["--port", "${NOMAD_PORT_http}"])
        parens     = (var.name)
        cond       = var.yes ? { a = var.name } : { a = "other" }
        lines      = var.lines
        unended    = var.unended
        delimiters = var.delimiters
        null       = var.nothing
        wrapped    = "${var.map}"
        lookup     = lookup(var.map, "a", "none")
        looked     = var.map[var.list[1]]
        sets       = setunion(var.set, ["q"])

        logging {
          type = var.name
          config {
            tag = var.map
          }
        }
        mount {
          source = var.name
        }
        mount {
          source = "two"
        }
      }

      env {
        A = var.name
        B = "${var.count}"
        C = var.lines
      }

      template {
        destination = "local/x"
        data        = var.lines
      }

      template {
        destination = "local/${var.name}"
        data        = <<-EOF
          {{ range service "x" }}
          server {{ .Address }}:{{ .Port }} ${var.name};
          {{ end }}
          EOF
      }

      resources {
        cpu    = var.count * 100
        memory = max(var.count, 10)
      }
    }
  }
}
