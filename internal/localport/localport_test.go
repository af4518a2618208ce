package localport

import (
	"fmt"
	"net"
	"os"
	"testing"
)

func TestAPortThatSomethingListensOnIsTakenByIt(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	holder, taken := Ports{}.Taken("127.0.0.1", port)
	if want := fmt.Sprintf("(pid %d)", os.Getpid()); !taken || len(holder) < len(want) || holder[len(holder)-len(want):] != want {
		t.Errorf("taken %v by %q, want this process %s", taken, holder, want)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if holder, taken := (Ports{}).Taken("127.0.0.1", port); taken {
		t.Errorf("taken by %q after it was closed", holder)
	}
}

func TestAnAddressOfAnotherMachineIsNoAnswer(t *testing.T) {
	if holder, taken := (Ports{}).Taken("192.0.2.1", 8443); taken {
		t.Errorf("taken by %q", holder)
	}
}
