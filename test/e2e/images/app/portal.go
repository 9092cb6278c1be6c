package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"time"
)

// portal is what a portal has beside its data: signing in, an event stream, uploads, an administration.
func portal(mux *http.ServeMux) {
	mux.HandleFunc("POST /auth/login", login)
	mux.HandleFunc("GET /auth/oauth/", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "ok") })
	mux.HandleFunc("GET /api/events", events)
	mux.HandleFunc("POST /api/{module}/upload", upload)
	mux.HandleFunc("POST /api/{module}/import", upload)
	mux.HandleFunc("GET /admin", admin)
}

// login takes one password, and writes down how it went.
func login(w http.ResponseWriter, r *http.Request) {
	var given struct{ User, Password string }
	if err := json.NewDecoder(r.Body).Decode(&given); err != nil {
		writeError(w, http.StatusBadRequest, errors.New("no JSON"))
		return
	}
	good := given.Password == "right"
	slog.Info("login", "user", given.User, "success", good, "id", r.Header.Get("X-Request-Id"))
	if !good {
		writeJSON(w, http.StatusUnauthorized, map[string]string{"error": "user or password is wrong"})
		return
	}
	writeJSON(w, http.StatusOK, map[string]string{"token": "of " + given.User})
}

// events sends an event at once and then one a second, until the client goes or this process is told to stop.
func events(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	each := time.NewTicker(time.Second)
	defer each.Stop()
	for number := 1; ; number++ {
		if _, err := fmt.Fprintf(w, "id: %d\ndata: {\"number\":%d}\n\n", number, number); err != nil {
			return
		}
		http.NewResponseController(w).Flush()
		select {
		case <-each.C:
		case <-r.Context().Done():
			return
		case <-stopping:
			return
		}
	}
}

// upload counts the bytes of each file of a form, or of the body.
func upload(w http.ResponseWriter, r *http.Request) {
	files := []int64{}
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind != "multipart/form-data" {
		n, err := io.Copy(io.Discard, r.Body)
		if err != nil {
			writeError(w, http.StatusBadRequest, err)
			return
		}
		writeJSON(w, http.StatusOK, map[string]any{"module": r.PathValue("module"), "files": append(files, n)})
		return
	}
	form, err := r.MultipartReader()
	for err == nil {
		part, next := form.NextPart()
		if errors.Is(next, io.EOF) {
			writeJSON(w, http.StatusOK, map[string]any{"module": r.PathValue("module"), "files": files})
			return
		}
		if err = next; err == nil {
			var n int64
			n, err = io.Copy(io.Discard, part)
			files = append(files, n)
		}
	}
	writeError(w, http.StatusBadRequest, err)
}

// admin is a page with a policy of its own. It says whether a password came as far as here.
func admin(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Security-Policy", "default-src 'none'; script-src 'nonce-of-this-page'")
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	fmt.Fprintf(w, "<!doctype html><title>Administration</title><p>authorization: %t\n", r.Header.Get("Authorization") != "")
}
