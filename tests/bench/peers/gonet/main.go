// SPDX-License-Identifier: MIT
//
// Benchmark peer: the contact form on Go's standard library (net/http,
// database/sql, mattn/go-sqlite3), written the usual way: method patterns on
// ServeMux, prepared statements, one connection that writes and a small pool
// that reads.
//
// Plain, every submission is its own transaction. With -batch one goroutine
// writes and commits whatever is waiting in one transaction (group commit).
// Both commit (WAL, synchronous=FULL) before the answer.

// Built without a go.mod, which would otherwise mean an old Go's behaviour.
//go:debug default=go1.23

package main

import (
	"crypto/subtle"
	"crypto/tls"
	"database/sql"
	"encoding/json"
	"errors"
	"flag"
	"log"
	"net"
	"net/http"
	"net/mail"
	"os"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	_ "github.com/mattn/go-sqlite3"
)

const schema = `CREATE TABLE IF NOT EXISTS submissions(
 id INTEGER PRIMARY KEY, created_at TEXT NOT NULL, name TEXT NOT NULL, email TEXT NOT NULL,
 message TEXT NOT NULL, ip TEXT NOT NULL, user_agent TEXT NOT NULL)`

const insertSQL = `INSERT INTO submissions(created_at,name,email,message,ip,user_agent) VALUES(?,?,?,?,?,?)`
const newestSQL = `SELECT id,created_at,name,email,message,ip,user_agent FROM submissions ORDER BY id DESC LIMIT ?`

const (
	maxBody  = 64 << 10
	maxBatch = 512
)

type contact struct {
	Name    string `json:"name"`
	Email   string `json:"email"`
	Message string `json:"message"`
}

func within(n, least, most int) bool { return n >= least && n <= most }

func (c *contact) valid() bool {
	if !within(utf8.RuneCountInString(c.Name), 1, 200) || !within(len(c.Email), 3, 254) ||
		!within(utf8.RuneCountInString(c.Message), 1, 5000) {
		return false
	}
	a, err := mail.ParseAddress(c.Email)
	return err == nil && a.Address == c.Email
}

type submission struct {
	ID        int64  `json:"id"`
	CreatedAt string `json:"created_at"`
	Name      string `json:"name"`
	Email     string `json:"email"`
	Message   string `json:"message"`
	IP        string `json:"ip"`
	UserAgent string `json:"user_agent"`
}

// pending is one submission on its way to the batch writer.
type pending struct {
	row  []any
	done chan error
}

type server struct {
	name, token    string
	writer         *sql.DB
	insert, newest *sql.Stmt
	queue          chan pending // nil: one transaction per submission
}

func writeJSON(w http.ResponseWriter, code int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(v)
}

func fail(w http.ResponseWriter, code int, text string) {
	writeJSON(w, code, map[string]string{"error": text})
}

func internal(w http.ResponseWriter, err error) {
	log.Print(err)
	fail(w, http.StatusInternalServerError, "internal")
}

func (s *server) hello(w http.ResponseWriter, r *http.Request) {
	writeJSON(w, http.StatusOK, struct {
		Name        string `json:"name"`
		ReleaseYear int    `json:"releaseYear"`
	}{s.name, time.Now().Year()})
}

func (s *server) contact(w http.ResponseWriter, r *http.Request) {
	var c contact
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody)).Decode(&c); err != nil {
		var tooBig *http.MaxBytesError
		if errors.As(err, &tooBig) {
			fail(w, http.StatusRequestEntityTooLarge, "too large")
		} else {
			fail(w, http.StatusBadRequest, "invalid input")
		}
		return
	}
	if !c.valid() {
		fail(w, http.StatusBadRequest, "invalid input")
		return
	}
	ip, _, _ := net.SplitHostPort(r.RemoteAddr)
	row := []any{time.Now().UTC().Format(time.RFC3339), c.Name, c.Email, c.Message, ip, r.UserAgent()}
	if err := s.store(row); err != nil {
		internal(w, err)
		return
	}
	writeJSON(w, http.StatusOK, map[string]string{"status": "ok"})
}

// store returns when the row is committed.
func (s *server) store(row []any) error {
	if s.queue == nil {
		_, err := s.insert.Exec(row...)
		return err
	}
	p := pending{row, make(chan error, 1)}
	s.queue <- p
	return <-p.done
}

// batches commits everything that waits, up to maxBatch rows at a time.
func (s *server) batches() {
	batch := make([]pending, 0, maxBatch)
	for first := range s.queue {
		batch = append(batch[:0], first)
		for more := true; more && len(batch) < maxBatch; {
			select {
			case p := <-s.queue:
				batch = append(batch, p)
			default:
				more = false
			}
		}
		err := s.commit(batch)
		for _, p := range batch {
			p.done <- err
		}
	}
}

func (s *server) commit(batch []pending) error {
	tx, err := s.writer.Begin()
	if err != nil {
		return err
	}
	defer tx.Rollback()
	insert := tx.Stmt(s.insert)
	for _, p := range batch {
		if _, err := insert.Exec(p.row...); err != nil {
			return err
		}
	}
	return tx.Commit()
}

func (s *server) submissions(w http.ResponseWriter, r *http.Request) {
	got, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok || subtle.ConstantTimeCompare([]byte(got), []byte(s.token)) != 1 {
		fail(w, http.StatusUnauthorized, "unauthorized")
		return
	}
	limit := 50
	if v := r.URL.Query().Get("limit"); v != "" {
		var err error
		if limit, err = strconv.Atoi(v); err != nil || !within(limit, 1, 200) {
			fail(w, http.StatusBadRequest, "invalid input")
			return
		}
	}
	rows, err := s.newest.QueryContext(r.Context(), limit)
	if err != nil {
		internal(w, err)
		return
	}
	defer rows.Close()
	out := make([]submission, 0, limit)
	for rows.Next() {
		var x submission
		if err := rows.Scan(&x.ID, &x.CreatedAt, &x.Name, &x.Email, &x.Message, &x.IP, &x.UserAgent); err != nil {
			internal(w, err)
			return
		}
		out = append(out, x)
	}
	if err := rows.Err(); err != nil {
		internal(w, err)
		return
	}
	writeJSON(w, http.StatusOK, out)
}

func must[T any](v T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return v
}

func env(name, fallback string) string {
	if v := os.Getenv(name); v != "" {
		return v
	}
	return fallback
}

func open(conns int) *sql.DB {
	db := must(sql.Open("sqlite3", "file:"+os.Getenv("DB")+
		"?_journal_mode=WAL&_busy_timeout=5000&_txlock=immediate&_synchronous="+env("SYNC", "FULL")))
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	return db
}

func main() {
	batch := flag.Bool("batch", false, "commit everything that waits in one transaction")
	flag.Parse()

	s := &server{name: "gonet", token: os.Getenv("TOKEN"), writer: open(1)}
	must(s.writer.Exec(schema))
	s.insert = must(s.writer.Prepare(insertSQL))
	s.newest = must(open(4).Prepare(newestSQL))
	if *batch {
		s.name = "gonetgc"
		s.queue = make(chan pending, 2*maxBatch)
		go s.batches()
	}

	mux := http.NewServeMux()
	mux.HandleFunc("GET /hello", s.hello)
	mux.HandleFunc("POST /contact", s.contact)
	mux.HandleFunc("GET /admin/submissions", s.submissions)
	srv := &http.Server{
		Addr: "127.0.0.1:" + os.Getenv("PORT"), Handler: mux,
		ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 15 * time.Second, IdleTimeout: 2 * time.Minute,
	}
	if cert := os.Getenv("TLS_CERT"); cert != "" {
		// No tickets: wrk would resume its sessions, and whole handshakes are to be compared.
		srv.TLSConfig = &tls.Config{SessionTicketsDisabled: true}
		log.Fatal(srv.ListenAndServeTLS(cert, os.Getenv("TLS_KEY")))
	}
	log.Fatal(srv.ListenAndServe())
}
