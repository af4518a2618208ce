pack "outcomes" {
  version = "1.0.0"
}

hook "before" {
  job     = "before"
  on      = ["pre-upgrade"]
  timeout = "1m"
}

hook "after" {
  job     = "after"
  on      = ["post-upgrade"]
  timeout = "1m"
}
