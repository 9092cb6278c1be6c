// Command app is the application of Rampart's end-to-end stacks: a frontend, an API, a worker, a migration and a
// health check in one static program, so that the image needs neither a shell nor curl.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const usage = `usage: app frontend | api | worker | migrate | healthcheck URL`

func main() {
	slog.SetDefault(slog.New(slog.NewJSONHandler(os.Stdout, nil)))
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, usage)
		os.Exit(2)
	}
	var err error
	switch command := os.Args[1]; command {
	case "frontend":
		err = serve(envOr("LISTEN", ":8080"), frontend())
	case "api":
		err = serve(envOr("LISTEN", ":3000"), api())
	case "worker":
		err = runWorker(envOr("LISTEN", ":3001"))
	case "migrate":
		os.Exit(migrate())
	case "healthcheck":
		if len(os.Args) != 3 {
			fmt.Fprintln(os.Stderr, usage)
			os.Exit(2)
		}
		os.Exit(healthcheck(os.Args[2]))
	case "true":
		// What the attempts of /api/try start in a child: it has nothing to do.
	case "unwell":
		// From now on the health check fails; `well` mends it.
		err = os.WriteFile(unwell, nil, 0o600)
	case "well":
		err = os.Remove(unwell)
	case "sleep":
		time.Sleep(10 * time.Second)
	default:
		fmt.Fprintln(os.Stderr, usage)
		os.Exit(2)
	}
	if err != nil {
		slog.Error("stopped", "error", err.Error())
		os.Exit(1)
	}
}

func envOr(name, fallback string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return fallback
}

func envInt(name string, fallback int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
		return n
	}
	return fallback
}

// stopping is closed when the process is told to stop: what would go on for ever ends then.
var stopping = make(chan struct{})

// unwell is the file that makes the health check fail while it is there.
const unwell = "/tmp/unwell"

// serve answers until SIGTERM or SIGINT, then lets the requests under way finish for up to DRAIN_SECONDS, five by default.
func serve(address string, handler http.Handler) error {
	server := &http.Server{Addr: address, Handler: logged(handler), ReadHeaderTimeout: 10 * time.Second}
	stop, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer cancel()
	done := make(chan error, 1)
	go func() {
		<-stop.Done()
		close(stopping)
		slog.Info("draining")
		limit, cancel := context.WithTimeout(context.Background(), time.Duration(envInt("DRAIN_SECONDS", 5))*time.Second)
		defer cancel()
		done <- server.Shutdown(limit)
	}()
	slog.Info("listening", "address", address, "version", os.Getenv("VERSION"))
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	if err := <-done; err != nil {
		return fmt.Errorf("requests were still under way when the time to drain was over: %w", err)
	}
	slog.Info("drained")
	return nil
}

// logged writes a line a request, less the health checks, which would drown the rest.
func logged(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/healthz" {
			slog.Info("request", "method", r.Method, "path", r.URL.Path, "remote", r.RemoteAddr)
		}
		next.ServeHTTP(w, r)
	})
}

var started = time.Now()

// healthz says ok, unless the environment asks for trouble: UNHEALTHY=1 is never well, HEALTH_DELAY_MS is not well
// until so long after the start.
func healthz(w http.ResponseWriter, _ *http.Request) {
	if _, err := os.Stat(unwell); err == nil || os.Getenv("UNHEALTHY") == "1" {
		http.Error(w, "unhealthy", http.StatusServiceUnavailable)
		return
	}
	if time.Since(started) < time.Duration(envInt("HEALTH_DELAY_MS", 0))*time.Millisecond {
		http.Error(w, "starting", http.StatusServiceUnavailable)
		return
	}
	fmt.Fprint(w, "ok")
}

func frontend() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", healthz)
	mux.HandleFunc("GET /", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(w, "<!doctype html><title>Rampart</title><h1>Rampart</h1><p>version %s\n", os.Getenv("VERSION"))
	})
	return mux
}

func healthcheck(url string) int {
	client := http.Client{Timeout: 3 * time.Second}
	response, err := client.Get(url)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer response.Body.Close()
	fmt.Println(response.Status)
	if response.StatusCode < 200 || response.StatusCode > 299 {
		return 1
	}
	return 0
}

func writeJSON(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(value)
}

func writeError(w http.ResponseWriter, status int, err error) {
	slog.Error("failed", "error", err.Error())
	writeJSON(w, status, map[string]string{"error": err.Error()})
}

// urlFromFile reads the file that the variable names, at each call: a rotated secret is a rewritten file. No
// error of it, or of what parses it, may carry the content.
func urlFromFile(variable string) (string, error) {
	path := os.Getenv(variable)
	if path == "" {
		return "", fmt.Errorf("%s is not set", variable)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	url := strings.TrimSpace(string(content))
	if url == "" {
		return "", fmt.Errorf("the file of %s is empty", variable)
	}
	return url, nil
}
