package probe

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const canary = "s3cr3t-c4n4ry"

// want is how a try has to end.
type want struct {
	ready     bool
	permanent bool
	says      string
}

func (w want) check(t *testing.T, detail string, err error) {
	t.Helper()
	if ready := err == nil; ready != w.ready {
		t.Fatalf("ready %v, want %v: %v", ready, w.ready, err)
	}
	text := detail
	if err != nil {
		text = err.Error()
		for e := err; e != nil; e = errors.Unwrap(e) {
			if strings.Contains(e.Error(), canary) {
				t.Errorf("%T holds the password: %v", e, e)
			}
		}
	}
	if IsPermanent(err) != w.permanent {
		t.Errorf("permanent %v, want %v: %v", IsPermanent(err), w.permanent, err)
	}
	if !strings.Contains(text, w.says) || strings.Contains(text, canary) {
		t.Errorf("says %q, want %q in it and no password", text, w.says)
	}
}

// serve answers every connection with handle and ends with the test.
func serve(t *testing.T, handle func(net.Conn)) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			handle(conn)
			conn.Close()
		}
	}()
	t.Cleanup(func() { ln.Close(); <-done })
	return ln.Addr().String()
}

// closedPort is an address that nobody listens on.
func closedPort(t *testing.T) string {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}

func TestTCP(t *testing.T) {
	open := serve(t, func(net.Conn) {})
	for name, tc := range map[string]struct {
		address string
		want    want
	}{
		"an open port is ready":                    {open, want{ready: true, says: open}},
		"a closed port is not ready yet":           {closedPort(t), want{says: "connection refused"}},
		"an address without a port never is":       {"localhost", want{permanent: true, says: `"localhost" is not host:port`}},
		"a host that nobody knows may come to be ": {"nowhere.invalid:80", want{says: "nowhere.invalid"}},
	} {
		t.Run(name, func(t *testing.T) {
			detail, err := TCP(t.Context(), tc.address)
			tc.want.check(t, detail, err)
		})
	}
}

func TestHTTP(t *testing.T) {
	mux := http.NewServeMux()
	for _, code := range []int{200, 204, 301, 401, 403, 404, 503} {
		mux.HandleFunc(fmt.Sprintf("/%d", code), func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "/200")
			w.WriteHeader(code)
		})
	}
	mux.HandleFunc("HEAD /head", func(http.ResponseWriter, *http.Request) {})
	plain, secure := httptest.NewServer(mux), httptest.NewTLSServer(mux)
	defer plain.Close()
	defer secure.Close()
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	withPassword := strings.Replace(plain.URL, "//", "//u:"+canary+"@", 1)
	for name, tc := range map[string]struct {
		req  HTTPRequest
		want want
	}{
		"any 2xx is ready by default":                   {HTTPRequest{URL: plain.URL + "/204"}, want{ready: true, says: "204"}},
		"503 is not ready yet":                          {HTTPRequest{URL: plain.URL + "/503"}, want{says: "answered 503 Service Unavailable"}},
		"404 is not ready yet":                          {HTTPRequest{URL: plain.URL + "/404"}, want{says: "404"}},
		"403 is permanent":                              {HTTPRequest{URL: plain.URL + "/403"}, want{permanent: true, says: "403"}},
		"401 is permanent, password and query untold":   {HTTPRequest{URL: withPassword + "/401?token=" + canary}, want{permanent: true, says: "/401: answered 401"}},
		"403 is ready when the author says so":          {HTTPRequest{URL: plain.URL + "/403", Status: []int{403}}, want{ready: true, says: "403"}},
		"a redirect is followed":                        {HTTPRequest{URL: plain.URL + "/301"}, want{ready: true, says: "200"}},
		"a redirect is taken as it is when 301 is fine": {HTTPRequest{URL: plain.URL + "/301", Status: []int{301}}, want{ready: true, says: "301"}},
		"the method is sent":                            {HTTPRequest{URL: plain.URL + "/head", Method: "HEAD"}, want{ready: true}},
		"a certificate nobody signed is permanent":      {HTTPRequest{URL: secure.URL + "/200"}, want{permanent: true, says: "certificate"}},
		"a certificate nobody signed can be accepted":   {HTTPRequest{URL: secure.URL + "/200", InsecureSkipVerify: true}, want{ready: true}},
		"nobody listens":                                {HTTPRequest{URL: "http://" + closedPort(t) + "/?" + canary}, want{says: "connection refused"}},
		"a URL without scheme is permanent":             {HTTPRequest{URL: "localhost:80/" + canary}, want{permanent: true, says: "http:// or https://"}},
		"a method with a space is permanent":            {HTTPRequest{URL: plain.URL, Method: "GE T"}, want{permanent: true, says: `"GE T"`}},
	} {
		t.Run(name, func(t *testing.T) {
			detail, err := HTTP(t.Context(), tc.req)
			tc.want.check(t, detail, err)
		})
	}
}

func TestATryEndsWithItsContext(t *testing.T) {
	hang := make(chan struct{})
	addr := serve(t, func(net.Conn) { <-hang })
	t.Cleanup(func() { close(hang) })
	for name, try := range map[string]func(context.Context) (string, error){
		"http":                      func(ctx context.Context) (string, error) { return HTTP(ctx, HTTPRequest{URL: "http://" + addr}) },
		"redis":                     func(ctx context.Context) (string, error) { return Redis(ctx, "redis://"+addr) },
		"postgres without password": func(ctx context.Context) (string, error) { return Postgres(ctx, "postgres://u@"+addr+"/d") },
		"mysql":                     func(ctx context.Context) (string, error) { return MySQL(ctx, "mysql://u:p@"+addr+"/d") },
		"postgres with password":    func(ctx context.Context) (string, error) { return Postgres(ctx, "postgres://u:p@"+addr+"/d") },
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			start := time.Now()
			detail, err := try(ctx)
			want{says: "no answer in time"}.check(t, detail, err)
			if took := time.Since(start); took > 2*time.Second {
				t.Errorf("took %s", took)
			}
		})
	}
}

// fakeRedis answers each command whose name is a key with that line, and others with an error.
func fakeRedis(t *testing.T, answers map[string]string) string {
	return serve(t, func(c net.Conn) {
		r := bufio.NewReader(c)
		for {
			var n int
			if _, err := fmt.Fscanf(r, "*%d\r\n", &n); err != nil {
				return
			}
			words := make([]string, n)
			for i := range words {
				r.ReadString('\n')
				line, _ := r.ReadString('\n')
				words[i] = strings.ToUpper(strings.TrimSpace(line))
			}
			answer, ok := answers[words[0]]
			if !ok {
				answer = "-ERR unknown command"
			}
			fmt.Fprintf(c, "%s\r\n", answer)
		}
	})
}

func TestRedis(t *testing.T) {
	for name, tc := range map[string]struct {
		answers map[string]string
		url     string // %s is the address
		want    want
	}{
		"PONG is ready":                     {map[string]string{"PING": "+PONG"}, "redis://%s", want{ready: true, says: "answers PING"}},
		"loading is not ready yet":          {map[string]string{"PING": "-LOADING Redis is loading the dataset in memory"}, "redis://%s", want{says: "still loading"}},
		"a missing password is permanent":   {map[string]string{"PING": "-NOAUTH Authentication required."}, "redis://%s", want{permanent: true, says: "NOAUTH"}},
		"a wrong password is permanent":     {map[string]string{"AUTH": "-WRONGPASS invalid username-password pair"}, "redis://:" + canary + "@%s", want{permanent: true, says: "WRONGPASS"}},
		"a user without PING is permanent":  {map[string]string{"PING": "-NOPERM this user has no permissions to run the 'ping' command"}, "redis://%s", want{permanent: true, says: "NOPERM"}},
		"another error answer may pass":     {map[string]string{"PING": "-MASTERDOWN Link with MASTER is down"}, "redis://%s", want{says: "MASTERDOWN"}},
		"a URL of another scheme":           {nil, "http://:" + canary + "@%s", want{permanent: true, says: "redis://"}},
		"a right password is ready":         {map[string]string{"AUTH": "+OK", "PING": "+PONG"}, "redis://u:" + canary + "@%s/1", want{ready: true}},
		"another server":                    {map[string]string{"PING": "HTTP/1.1 400 Bad Request"}, "redis://%s", want{says: "does not answer as Redis does"}},
		"a password with an unescaped hash": {nil, "redis://:12#" + canary + "@%s", want{permanent: true, says: "URL"}},
		"a password with a slash":           {nil, "redis://u:12/" + canary + "@%s", want{permanent: true, says: "percent-encode"}},
	} {
		t.Run(name, func(t *testing.T) {
			addr := fakeRedis(t, tc.answers)
			detail, err := Redis(t.Context(), fmt.Sprintf(tc.url, addr))
			tc.want.check(t, detail, err)
		})
	}
	t.Run("nobody listens", func(t *testing.T) {
		detail, err := Redis(t.Context(), "redis://:"+canary+"@"+closedPort(t))
		want{says: "connection refused"}.check(t, detail, err)
	})
}

// fakePostgres answers the start of a login with answer; "trust" lets the login and one query pass.
func fakePostgres(t *testing.T, answer pgproto3.BackendMessage) string {
	return serve(t, func(c net.Conn) {
		b := pgproto3.NewBackend(c, c)
		for {
			msg, err := b.ReceiveStartupMessage()
			if err != nil {
				return
			}
			if _, ok := msg.(*pgproto3.StartupMessage); ok {
				break
			}
			c.Write([]byte("N")) // no TLS here
		}
		b.Send(answer)
		if _, ok := answer.(*pgproto3.AuthenticationOk); ok {
			b.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
		}
		b.Flush()
		for {
			msg, err := b.Receive()
			if err != nil {
				return
			}
			if _, ok := msg.(*pgproto3.Query); ok {
				b.Send(&pgproto3.CommandComplete{CommandTag: []byte("SELECT 1")})
				b.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
				b.Flush()
			}
		}
	})
}

func TestPostgres(t *testing.T) {
	fatal := func(code, text string) pgproto3.BackendMessage {
		return &pgproto3.ErrorResponse{Severity: "FATAL", Code: code, Message: text}
	}
	with, without := "postgres://u:"+canary+"@%s/d", "postgres://u@%s/d"
	for name, tc := range map[string]struct {
		answer pgproto3.BackendMessage
		url    string
		want   want
	}{
		"without password, being asked for one is ready":   {&pgproto3.AuthenticationCleartextPassword{}, without, want{ready: true, says: "accepts connections"}},
		"without password, an unknown role is ready too":   {fatal("28000", `role "u" does not exist`), without, want{ready: true}},
		"without password, starting up is not ready yet":   {fatal("57P03", "the database system is starting up"), without, want{says: "starting up"}},
		"with password, a login and a query are ready":     {&pgproto3.AuthenticationOk{}, with, want{ready: true, says: "answers queries of u"}},
		"with password, starting up is not ready yet":      {fatal("57P03", "the database system is starting up"), with, want{says: "starting up"}},
		"with password, a wrong one is permanent":          {fatal("28P01", `password authentication failed for user "u"`), with, want{permanent: true, says: "28P01"}},
		"with password, a host that may not is permanent":  {fatal("28000", "no pg_hba.conf entry"), with, want{permanent: true, says: "pg_hba"}},
		"with password, a missing database may come to be": {fatal("3D000", `database "d" does not exist`), with, want{says: "3D000"}},
		"a driver in the scheme is fine":                   {&pgproto3.AuthenticationOk{}, "postgresql+psycopg2://u:" + canary + "@%s/d", want{ready: true}},
		"another scheme is permanent":                      {nil, "mysql://u:" + canary + "@%s/d", want{permanent: true, says: "postgres://"}},
		"an unknown sslmode is permanent":                  {nil, with + "?sslmode=" + canary, want{permanent: true, says: "do not understand"}},
	} {
		t.Run(name, func(t *testing.T) {
			addr := fakePostgres(t, tc.answer)
			detail, err := Postgres(t.Context(), fmt.Sprintf(tc.url, addr))
			tc.want.check(t, detail, err)
		})
	}
	for name, raw := range map[string]string{
		"empty":                            "",
		"a word":                           canary,
		"a percent sign in the password":   "postgres://u:%zz" + canary + "@h/d",
		"a slash in the password":          "postgres://u:12/" + canary + "@h/d",
		"a hash in the password":           "postgres://u:12#" + canary + "@h/d",
		"keyword/value with an open quote": "host=h password='" + canary,
	} {
		t.Run("a URL that cannot be used is permanent and stays untold: "+name, func(t *testing.T) {
			detail, err := Postgres(t.Context(), raw)
			want{permanent: true, says: "URL"}.check(t, detail, err)
		})
	}
	t.Run("nobody listens", func(t *testing.T) {
		detail, err := Postgres(t.Context(), (&url.URL{Scheme: "postgres", User: url.UserPassword("u", canary), Host: closedPort(t), Path: "/d"}).String())
		want{says: "connection refused"}.check(t, detail, err)
	})
}

// fakeMySQL refuses every connection at once, as a server does that has too many, or none for this host.
func fakeMySQL(t *testing.T, number uint16, text string) string {
	return serve(t, func(c net.Conn) {
		packet := append([]byte{0xff, byte(number), byte(number >> 8)}, "#HY000"+text...)
		c.Write(append([]byte{byte(len(packet)), 0, 0, 0}, packet...))
	})
}

func TestMySQL(t *testing.T) {
	with, without := "mysql://u:"+canary+"@%s/d", "mysql://u@%s/d"
	for name, tc := range map[string]struct {
		number uint16
		text   string
		url    string
		want   want
	}{
		"too many connections is not ready yet":                 {1040, "Too many connections", with, want{says: "(error 1040)"}},
		"too many connections without password is neither":      {1040, "Too many connections", without, want{says: "Too many"}},
		"a server that stops is not ready":                      {1053, "Server shutdown in progress", with, want{says: "shutdown"}},
		"a host that may not is permanent":                      {1130, "Host 'h' is not allowed to connect", with, want{permanent: true, says: "not allowed"}},
		"a wrong password is permanent":                         {1045, "Access denied for user 'u'@'h'", with, want{permanent: true, says: "(error 1045)"}},
		"without password, a refused login is ready":            {1045, "Access denied for user 'u'@'h'", without, want{ready: true, says: "accepts connections"}},
		"a database that the user may not use is permanent":     {1044, "Access denied for user 'u'@'h' to database 'd'", with, want{permanent: true, says: "1044"}},
		"a missing database may come to be":                     {1049, "Unknown database 'd'", with, want{says: "1049"}},
		"a driver in the scheme is fine":                        {1040, "Too many", "mysql+pymysql://u:" + canary + "@%s/d?charset=utf8mb4", want{says: "1040"}},
		"MariaDB's scheme too":                                  {1040, "Too many", "mariadb://u:" + canary + "@%s/d", want{says: "1040"}},
		"another scheme is permanent":                           {0, "", "postgres://u:" + canary + "@%s/d", want{permanent: true, says: "mysql://"}},
		"a TLS mode that is not understood is permanent":        {0, "", with + "?tls=" + canary, want{permanent: true, says: "about TLS"}},
		"a TLS parameter that is not understood is permanent":   {0, "", with + "?ssl_ca=" + canary, want{permanent: true, says: "about TLS"}},
		"a TLS mode of MySQL's own clients is understood":       {1040, "Too many", with + "?ssl-mode=REQUIRED", want{says: "1040"}},
		"a percent sign in the password is permanent, and mute": {0, "", "mysql://u:%%zz" + canary + "@%s/d", want{permanent: true, says: "URL"}},
	} {
		t.Run(name, func(t *testing.T) {
			addr := fakeMySQL(t, tc.number, tc.text)
			detail, err := MySQL(t.Context(), fmt.Sprintf(tc.url, addr))
			tc.want.check(t, detail, err)
		})
	}
	for name, tc := range map[string]struct {
		handle func(net.Conn)
		says   string
	}{
		"a server that sends the fifth packet first": {func(c net.Conn) { io.WriteString(c, "\x01\x00\x00\x05x") }, "does not answer as MySQL does"},
		"a server that hangs up":                     {func(net.Conn) {}, "closed the connection"},
	} {
		t.Run(name+" is not ready yet", func(t *testing.T) {
			detail, err := MySQL(t.Context(), "mysql://u:"+canary+"@"+serve(t, tc.handle)+"/d")
			want{says: tc.says}.check(t, detail, err)
		})
	}
	t.Run("nobody listens", func(t *testing.T) {
		detail, err := MySQL(t.Context(), "mysql://u:"+canary+"@"+closedPort(t)+"/d")
		want{says: "connection refused"}.check(t, detail, err)
	})
}
