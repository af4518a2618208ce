//go:build integration

package realtest

import (
	"context"
	gosql "database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"testing"
	"time"

	_ "github.com/go-sql-driver/mysql"
	"github.com/hashicorp/nomad/api"
	"github.com/jackc/pgx/v5"

	"github.com/packctl/packctl/internal/proc"
)

// gone fails the test when something of s outlives the subtest that ran it.
func gone(t *testing.T, s *Server) {
	t.Helper()
	if _, err := os.Stat(s.Dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%s's folder %s is still there (%v)", s.Name, s.Dir, err)
	}
	if ids, err := proc.Inside(s.Dir); err != nil || len(ids) > 0 {
		t.Errorf("%s left processes %v (%v)", s.Name, ids, err)
	}
	if points, err := proc.Mounts(s.Dir); err != nil || len(points) > 0 {
		t.Errorf("%s left mounts %v (%v)", s.Name, points, err)
	}
}

func TestPostgresKeepsItsDataOverARestartAndLeavesNothing(t *testing.T) {
	var s *Server
	t.Run("server", func(t *testing.T) {
		s = Postgres(t)
		query(t, s, "create table seen (n int)")
		s.Kill()
		s.Start()
		query(t, s, "insert into seen values (1)")
	})
	gone(t, s)
}

func TestMariaDBKeepsItsDataOverARestartAndLeavesNothing(t *testing.T) {
	var s *Server
	t.Run("server", func(t *testing.T) {
		s = MariaDB(t)
		run := func(sql string) {
			t.Helper()
			db, err := gosql.Open("mysql", fmt.Sprintf("root:secret@tcp(%s)/shop", s.Addr))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := db.Exec(sql); err != nil {
				t.Error(err)
			}
			if err := db.Close(); err != nil {
				t.Error(err)
			}
		}
		run("create table seen (n int)")
		s.Kill()
		s.Start()
		run("insert into seen values (1)")
	})
	gone(t, s)
}

func query(t *testing.T, s *Server, sql string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, s.URL)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(ctx, sql); err != nil {
		t.Error(err)
	}
	if err := conn.Close(ctx); err != nil {
		t.Error(err)
	}
}

func TestRedisAnswersAndLeavesNothing(t *testing.T) {
	var s *Server
	t.Run("server", func(t *testing.T) {
		s = Redis(t)
		if err := redisAnswers(context.Background(), s.Addr); err != nil {
			t.Error(err)
		}
	})
	gone(t, s)
}

func TestNomadRunsATaskWithConsulAndLeavesNothing(t *testing.T) {
	var consul, nomad *Server
	t.Run("servers", func(t *testing.T) {
		consul = Consul(t)
		nomad = Nomad(t, consul)
		client, err := api.NewClient(&api.Config{Address: nomad.URL})
		if err != nil {
			t.Fatal(err)
		}
		job := api.NewServiceJob("sleeper", "sleeper", "global", 50)
		job.AddTaskGroup(api.NewTaskGroup("g", 1).AddTask(
			api.NewTask("sleep", "raw_exec").SetConfig("command", "/bin/sleep").SetConfig("args", []string{"300"})))
		job.TaskGroups[0].Services = []*api.Service{{Name: "sleeper"}}
		if _, _, err := client.Jobs().Register(job, nil); err != nil {
			t.Fatal(err)
		}
		plain := access{client: http.DefaultClient}
		var services map[string][]string
		deadline := time.Now().Add(30 * time.Second)
		for services["sleeper"] == nil {
			if err := plain.getJSON(context.Background(), consul.URL+"/v1/catalog/services?wait=1s", &services); err != nil {
				t.Fatal(err)
			}
			if time.Now().After(deadline) {
				t.Fatalf("the service is not in Consul: %v", services)
			}
		}
	})
	gone(t, nomad)
	gone(t, consul)
}
