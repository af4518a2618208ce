driver         = "exec"
instances      = 2
check_interval = "10s"
