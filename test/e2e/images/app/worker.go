package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"time"
)

// dockerURL turns tcp://host:2375 into http://host:2375.
func dockerURL() (string, error) {
	host := os.Getenv("DOCKER_HOST")
	if host == "" {
		return "", errors.New("DOCKER_HOST is not set")
	}
	address, ok := strings.CutPrefix(host, "tcp://")
	if !ok {
		return "", fmt.Errorf("DOCKER_HOST is %q, and only tcp:// is known here", host)
	}
	return "http://" + strings.TrimSuffix(address, "/"), nil
}

var docker = http.Client{
	Timeout: 10 * time.Second,
	// A redirect is an answer to report, not to follow.
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// runWorker asks the engine's proxy for a sign of life every so often, and serves its own health and the tests.
func runWorker(address string) error {
	go func() {
		for {
			ping()
			time.Sleep(time.Duration(envInt("WORKER_INTERVAL_MS", 5000)) * time.Millisecond)
		}
	}()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", healthz)
	mux.HandleFunc("/docker", passThrough)
	return serve(address, mux)
}

func ping() {
	base, err := dockerURL()
	if err != nil {
		slog.Info("idle", "reason", err.Error())
		return
	}
	response, err := docker.Get(base + "/_ping")
	if err != nil {
		slog.Error("ping", "error", err.Error())
		return
	}
	response.Body.Close()
	slog.Info("ping", "status", response.StatusCode)
}

// passThrough sends one request to the engine's proxy on a test's behalf and tells what came back.
func passThrough(w http.ResponseWriter, r *http.Request) {
	base, err := dockerURL()
	if err != nil {
		writeError(w, http.StatusInternalServerError, err)
		return
	}
	method, path := r.URL.Query().Get("method"), r.URL.Query().Get("path")
	if method == "" {
		method = http.MethodGet
	}
	if !strings.HasPrefix(path, "/") {
		writeError(w, http.StatusBadRequest, errors.New("path must begin with /"))
		return
	}
	request, err := http.NewRequestWithContext(r.Context(), method, base+path, r.Body)
	if err != nil {
		writeError(w, http.StatusBadRequest, err)
		return
	}
	if r.ContentLength == 0 {
		request.Body = http.NoBody
	}
	request.ContentLength = r.ContentLength
	if kind := r.Header.Get("Content-Type"); kind != "" {
		request.Header.Set("Content-Type", kind)
	}
	response, err := docker.Do(request)
	if err != nil {
		writeJSON(w, http.StatusBadGateway, attempt("docker", path, err))
		return
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 256<<10))
	result := map[string]any{"status": response.StatusCode, "headers": response.Header, "body": string(body)}
	if err != nil {
		result["error"] = err.Error()
	}
	writeJSON(w, http.StatusOK, result)
}
