pack "tiny" {
  version = "0.1.0"
}
