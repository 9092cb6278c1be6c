// Command whoami follows the contract of traefik/whoami v1.11, written from scratch: it tells who answered and what was
// asked. Left out are /echo (a web socket), gRPC and the TLS listener.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync"
	"time"
)

var (
	name    string
	verbose bool
)

func main() {
	var port string
	flag.BoolVar(&verbose, "verbose", false, "Enable verbose logging")
	flag.StringVar(&port, "port", envOr("WHOAMI_PORT_NUMBER", "80"), "give me a port number")
	flag.StringVar(&name, "name", os.Getenv("WHOAMI_NAME"), "give me a name")
	flag.Parse()

	mux := http.NewServeMux()
	mux.HandleFunc("/", logged(whoami))
	mux.HandleFunc("/api", logged(api))
	mux.HandleFunc("/health", logged(health))
	mux.HandleFunc("/data", logged(data))
	mux.HandleFunc("/bench", logged(bench))
	log.Printf("Starting up on port %s", port)
	log.Fatal(http.ListenAndServe(":"+port, mux))
}

func envOr(variable, fallback string) string {
	if value := os.Getenv(variable); value != "" {
		return value
	}
	return fallback
}

func logged(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		next(w, r)
		if verbose {
			log.Printf("%s - - [%s] \"%s %s %s\"", r.RemoteAddr, time.Now().Format("02/Jan/2006:15:04:05 -0700"), r.Method, r.URL.Path, r.Proto)
		}
	}
}

func addresses() []string {
	found := []string{}
	interfaces, _ := net.Interfaces()
	for _, one := range interfaces {
		list, _ := one.Addrs()
		for _, address := range list {
			if network, ok := address.(*net.IPNet); ok {
				found = append(found, network.IP.String())
			}
		}
	}
	return found
}

func whoami(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	if wait, err := time.ParseDuration(query.Get("wait")); err == nil {
		time.Sleep(wait)
	}
	if name != "" {
		fmt.Fprintln(w, "Name:", name)
	}
	hostname, _ := os.Hostname()
	fmt.Fprintln(w, "Hostname:", hostname)
	for _, address := range addresses() {
		fmt.Fprintln(w, "IP:", address)
	}
	fmt.Fprintln(w, "RemoteAddr:", r.RemoteAddr)
	if err := r.Write(w); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	if query.Get("env") == "true" {
		for _, pair := range os.Environ() {
			fmt.Fprintln(w, pair)
		}
	}
}

func api(w http.ResponseWriter, r *http.Request) {
	hostname, _ := os.Hostname()
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(struct {
		Hostname   string      `json:"hostname,omitempty"`
		IP         []string    `json:"ip,omitempty"`
		Headers    http.Header `json:"headers,omitempty"`
		URL        string      `json:"url,omitempty"`
		Host       string      `json:"host,omitempty"`
		Method     string      `json:"method,omitempty"`
		Name       string      `json:"name,omitempty"`
		RemoteAddr string      `json:"remoteAddr,omitempty"`
	}{hostname, addresses(), r.Header, r.URL.RequestURI(), r.Host, r.Method, name, r.RemoteAddr})
}

// status is what /health answers; a POST of a number changes it.
var status = struct {
	sync.RWMutex
	code int
}{code: http.StatusOK}

func health(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPost {
		body, err := io.ReadAll(io.LimitReader(r.Body, 16))
		code, convertErr := strconv.Atoi(string(body))
		if err != nil || convertErr != nil || code < 100 || code > 999 {
			http.Error(w, "a status code is expected", http.StatusBadRequest)
			return
		}
		status.Lock()
		status.code = code
		status.Unlock()
		return
	}
	status.RLock()
	defer status.RUnlock()
	w.WriteHeader(status.code)
}

// data answers with ?size= bytes of ?unit= (KB, MB, GB).
func data(w http.ResponseWriter, r *http.Request) {
	size, err := strconv.ParseInt(r.URL.Query().Get("size"), 10, 64)
	if err != nil || size < 1 {
		size = 1
	}
	switch r.URL.Query().Get("unit") {
	case "KB", "kb":
		size <<= 10
	case "MB", "mb":
		size <<= 20
	case "GB", "gb":
		size <<= 30
	}
	w.Header().Set("Content-Length", strconv.FormatInt(size, 10))
	block := make([]byte, 32<<10)
	for i := range block {
		block[i] = "|ABCDEFGHIJKLMNOPQRSTUVWXYZ-"[i%28]
	}
	for size > 0 {
		n, err := w.Write(block[:min(size, int64(len(block)))])
		if err != nil {
			return
		}
		size -= int64(n)
	}
}

func bench(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Connection", "keep-alive")
	w.Header().Set("Content-Type", "text/plain")
	fmt.Fprint(w, "1")
}
