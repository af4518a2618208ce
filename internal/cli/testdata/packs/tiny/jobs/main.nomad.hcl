job "main" {
  group "web" {
    task "web" {
      driver = "raw_exec"

      config {
        command = "sleep"
        args    = ["60"]
      }
    }
  }
}
