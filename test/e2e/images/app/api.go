package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/redis/go-redis/v9"
)

func api() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", healthz)
	mux.HandleFunc("GET /api/version", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, os.Getenv("VERSION"))
	})
	mux.HandleFunc("GET /api/headers", headers)
	mux.HandleFunc("GET /api/db", database)
	mux.HandleFunc("GET /api/cache", cache)
	mux.HandleFunc("POST /api/echo", echo)
	mux.HandleFunc("GET /api/env", environment)
	mux.HandleFunc("GET /api/try", try)
	mux.HandleFunc("GET /api/write", write)
	mux.HandleFunc("GET /api/slow", slow)
	mux.HandleFunc("GET /api/large", large)
	mux.HandleFunc("GET /api/stream", stream)
	portal(mux)
	return mux
}

func headers(w http.ResponseWriter, r *http.Request) {
	writeJSON(w, http.StatusOK, map[string]any{
		"method": r.Method, "host": r.Host, "remote": r.RemoteAddr, "headers": r.Header,
	})
}

// pool keeps one pool of connections for as long as the URL in the file stays the same.
var pool struct {
	sync.Mutex
	url string
	*pgxpool.Pool
}

func databasePool(ctx context.Context) (*pgxpool.Pool, error) {
	url, err := urlFromFile("DATABASE_URL_FILE")
	if err != nil {
		return nil, err
	}
	pool.Lock()
	defer pool.Unlock()
	if pool.Pool != nil && pool.url == url {
		return pool.Pool, nil
	}
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, errors.New("the file of DATABASE_URL_FILE holds no PostgreSQL URL")
	}
	config.MaxConns = int32(envInt("DB_POOL_MAX", 4))
	fresh, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	if pool.Pool != nil {
		go pool.Pool.Close()
	}
	pool.Pool, pool.url = fresh, url
	return fresh, nil
}

// database proves that this user may read and write the table that the migration made.
func database(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 5*time.Second)
	defer cancel()
	db, err := databasePool(context.WithoutCancel(ctx))
	if err != nil {
		writeError(w, http.StatusInternalServerError, err)
		return
	}
	table := pgx.Identifier{envOr("DB_SCHEMA", "app"), "items"}.Sanitize()
	var user, version string
	var id, count int64
	err = db.QueryRow(ctx, "SELECT current_user, current_setting('server_version')").Scan(&user, &version)
	if err == nil {
		err = db.QueryRow(ctx, "INSERT INTO "+table+" (note) VALUES ($1) RETURNING id", "from the API").Scan(&id)
	}
	if err == nil {
		err = db.QueryRow(ctx, "SELECT count(*) FROM "+table).Scan(&count)
	}
	if err != nil {
		writeError(w, http.StatusInternalServerError, err)
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{
		"user": user, "serverVersion": version, "inserted": id, "count": count,
	})
}

func cache(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 5*time.Second)
	defer cancel()
	url, err := urlFromFile("REDIS_URL_FILE")
	if err != nil {
		writeError(w, http.StatusInternalServerError, err)
		return
	}
	options, err := redis.ParseURL(url)
	if err != nil {
		writeError(w, http.StatusInternalServerError, errors.New("the file of REDIS_URL_FILE holds no Redis URL"))
		return
	}
	if options.TLSConfig != nil {
		if options.TLSConfig.RootCAs, err = authority("REDIS_CA_FILE"); err != nil {
			writeError(w, http.StatusInternalServerError, err)
			return
		}
	}
	client := redis.NewClient(options)
	defer client.Close()
	nonce := make([]byte, 8)
	rand.Read(nonce)
	key, value := envOr("REDIS_KEY_PREFIX", "app:")+"probe", hex.EncodeToString(nonce)
	pong, err := client.Ping(ctx).Result()
	if err == nil {
		err = client.Set(ctx, key, value, time.Minute).Err()
	}
	var got string
	if err == nil {
		got, err = client.Get(ctx, key).Result()
	}
	if err != nil {
		writeError(w, http.StatusInternalServerError, err)
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{"ping": pong, "key": key, "same": got == value})
}

func echo(w http.ResponseWriter, r *http.Request) {
	n, err := io.Copy(io.Discard, r.Body)
	if err != nil {
		writeError(w, http.StatusBadRequest, err)
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{"length": n, "version": os.Getenv("VERSION")})
}

type secretFile struct {
	Name     string `json:"name"`
	Mode     string `json:"mode"`
	UID      uint32 `json:"uid"`
	GID      uint32 `json:"gid"`
	Length   int64  `json:"length"`
	Readable bool   `json:"readable"`
}

// environment names what this process was given. It never tells a value.
func environment(w http.ResponseWriter, _ *http.Request) {
	names := []string{}
	for _, pair := range os.Environ() {
		name, _, _ := strings.Cut(pair, "=")
		names = append(names, name)
	}
	sort.Strings(names)
	secrets := []secretFile{}
	root := envOr("SECRETS_DIR", "/run/secrets")
	filepath.Walk(root, func(path string, _ os.FileInfo, err error) error {
		if err != nil {
			return nil
		}
		// Through symbolic links: what counts is the file that a reader gets.
		info, err := os.Stat(path)
		if err != nil || !info.Mode().IsRegular() {
			return nil
		}
		entry := secretFile{
			Name: strings.TrimPrefix(path, root+"/"), Mode: fmt.Sprintf("%04o", info.Mode().Perm()), Length: info.Size(),
		}
		if stat, ok := info.Sys().(*syscall.Stat_t); ok {
			entry.UID, entry.GID = stat.Uid, stat.Gid
		}
		if file, err := os.Open(path); err == nil {
			file.Close()
			entry.Readable = true
		}
		secrets = append(secrets, entry)
		return nil
	})
	writeJSON(w, http.StatusOK, map[string]any{
		"uid": os.Getuid(), "gid": os.Getgid(), "env": names, "secrets": secrets,
	})
}

// write tries to write a file, and takes it away again unless keep=1.
func write(w http.ResponseWriter, r *http.Request) {
	path := r.URL.Query().Get("path")
	if path == "" {
		writeError(w, http.StatusBadRequest, errors.New("path is missing"))
		return
	}
	_, statErr := os.Lstat(path)
	err := os.WriteFile(path, []byte("written by the API\n"), 0o600)
	if err == nil && errors.Is(statErr, os.ErrNotExist) && r.URL.Query().Get("keep") != "1" {
		os.Remove(path)
	}
	writeJSON(w, http.StatusOK, attempt("write", path, err))
}

// slow answers after ms milliseconds: a request that is under way while the container is told to stop.
func slow(w http.ResponseWriter, r *http.Request) {
	var ms int
	fmt.Sscan(r.URL.Query().Get("ms"), &ms)
	select {
	case <-time.After(time.Duration(min(max(ms, 0), 30_000)) * time.Millisecond):
		fmt.Fprint(w, "done")
	case <-r.Context().Done():
	}
}

// stream sends an event each quarter of a second for so many seconds, also while the container is told to stop, and then
// says that this was all.
func stream(w http.ResponseWriter, r *http.Request) {
	var seconds int
	fmt.Sscan(r.URL.Query().Get("seconds"), &seconds)
	w.Header().Set("Content-Type", "text/event-stream")
	for left := 4 * min(max(seconds, 0), 60); left > 0; left-- {
		fmt.Fprintf(w, "data: %s\n\n", os.Getenv("VERSION"))
		http.NewResponseController(w).Flush()
		select {
		case <-time.After(250 * time.Millisecond):
		case <-r.Context().Done():
			return
		}
	}
	fmt.Fprint(w, "data: end\n\n")
}

// large answers with so many bytes.
func large(w http.ResponseWriter, r *http.Request) {
	var size int
	fmt.Sscan(r.URL.Query().Get("bytes"), &size)
	size = min(max(size, 0), 128<<20)
	w.Header().Set("Content-Length", strconv.Itoa(size))
	piece := bytes.Repeat([]byte("a"), 64<<10)
	for ; size > 0; size -= len(piece) {
		if _, err := w.Write(piece[:min(size, len(piece))]); err != nil {
			return
		}
	}
}

// authority reads the certificates by which a server is verified from the file that the variable names.
func authority(variable string) (*x509.CertPool, error) {
	content, err := os.ReadFile(os.Getenv(variable))
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(content) {
		return nil, errors.New("the file of " + variable + " holds no certificate")
	}
	return pool, nil
}
