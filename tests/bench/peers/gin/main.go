// SPDX-License-Identifier: MIT
//
// Benchmark peer: the contact form on Gin, as a competent Gin user writes it.
// Release mode, Recovery and nothing else (no access log), binding tags for
// validation, prepared statements, one connection that writes and a small
// pool that reads. Every submission is its own transaction, committed (WAL,
// synchronous=FULL) before the answer.

// Built without a go.mod, which would otherwise mean an old Go's behaviour.
//go:debug default=go1.23

package main

import (
	"crypto/subtle"
	"crypto/tls"
	"database/sql"
	"log"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	_ "github.com/mattn/go-sqlite3"
)

const schema = `CREATE TABLE IF NOT EXISTS submissions(
 id INTEGER PRIMARY KEY, created_at TEXT NOT NULL, name TEXT NOT NULL, email TEXT NOT NULL,
 message TEXT NOT NULL, ip TEXT NOT NULL, user_agent TEXT NOT NULL)`

const insertSQL = `INSERT INTO submissions(created_at,name,email,message,ip,user_agent) VALUES(?,?,?,?,?,?)`
const newestSQL = `SELECT id,created_at,name,email,message,ip,user_agent FROM submissions ORDER BY id DESC LIMIT ?`

const maxBody = 64 << 10

type contact struct {
	Name    string `json:"name" binding:"required,min=1,max=200"`
	Email   string `json:"email" binding:"required,min=3,max=254,email"`
	Message string `json:"message" binding:"required,min=1,max=5000"`
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

type page struct {
	Limit int `form:"limit,default=50" binding:"min=1,max=200"`
}

type service struct {
	insert, newest *sql.Stmt
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

func internal(c *gin.Context, err error) {
	log.Print(err)
	c.JSON(http.StatusInternalServerError, gin.H{"error": "internal"})
}

func hello(c *gin.Context) {
	c.JSON(http.StatusOK, gin.H{"name": "gin", "releaseYear": time.Now().Year()})
}

func (s *service) contact(c *gin.Context) {
	c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, maxBody)
	var in contact
	if err := c.ShouldBindJSON(&in); err != nil {
		c.JSON(http.StatusBadRequest, gin.H{"error": "invalid input"})
		return
	}
	_, err := s.insert.Exec(time.Now().UTC().Format(time.RFC3339),
		in.Name, in.Email, in.Message, c.ClientIP(), c.Request.UserAgent())
	if err != nil {
		internal(c, err)
		return
	}
	c.JSON(http.StatusOK, gin.H{"status": "ok"})
}

func bearer(token string) gin.HandlerFunc {
	return func(c *gin.Context) {
		got, ok := strings.CutPrefix(c.GetHeader("Authorization"), "Bearer ")
		if !ok || subtle.ConstantTimeCompare([]byte(got), []byte(token)) != 1 {
			c.AbortWithStatusJSON(http.StatusUnauthorized, gin.H{"error": "unauthorized"})
		}
	}
}

func (s *service) submissions(c *gin.Context) {
	var q page
	if err := c.ShouldBindQuery(&q); err != nil {
		c.JSON(http.StatusBadRequest, gin.H{"error": "invalid input"})
		return
	}
	rows, err := s.newest.QueryContext(c.Request.Context(), q.Limit)
	if err != nil {
		internal(c, err)
		return
	}
	defer rows.Close()
	out := make([]submission, 0, q.Limit)
	for rows.Next() {
		var x submission
		if err := rows.Scan(&x.ID, &x.CreatedAt, &x.Name, &x.Email, &x.Message, &x.IP, &x.UserAgent); err != nil {
			internal(c, err)
			return
		}
		out = append(out, x)
	}
	if err := rows.Err(); err != nil {
		internal(c, err)
		return
	}
	c.JSON(http.StatusOK, out)
}

func main() {
	gin.SetMode(gin.ReleaseMode)
	writer := open(1)
	must(writer.Exec(schema))
	s := &service{insert: must(writer.Prepare(insertSQL)), newest: must(open(4).Prepare(newestSQL))}

	r := gin.New()
	r.Use(gin.Recovery())
	if err := r.SetTrustedProxies(nil); err != nil {
		log.Fatal(err)
	}
	r.GET("/hello", hello)
	r.POST("/contact", s.contact)
	r.Group("/admin", bearer(os.Getenv("TOKEN"))).GET("/submissions", s.submissions)

	srv := &http.Server{
		Addr: "127.0.0.1:" + os.Getenv("PORT"), Handler: r,
		ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 15 * time.Second, IdleTimeout: 2 * time.Minute,
	}
	if cert := os.Getenv("TLS_CERT"); cert != "" {
		// No tickets: wrk would resume its sessions, and whole handshakes are to be compared.
		srv.TLSConfig = &tls.Config{SessionTicketsDisabled: true}
		log.Fatal(srv.ListenAndServeTLS(cert, os.Getenv("TLS_KEY")))
	}
	log.Fatal(srv.ListenAndServe())
}
