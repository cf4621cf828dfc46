// A compiled provider that serves a socket it was given, and lets answers under way end.
//
// The daemon holds the listening socket and passes it on as descriptor 3 (sd_listen_fds(3)), so
// that connections made while this program restarts wait in its queue and are not refused.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"runtime"
	"strconv"
	"syscall"
	"time"
)

const firstPassed = 3 // SD_LISTEN_FDS_START

func main() {
	name := flag.String("name", "go-hello", "what it calls itself")
	flag.Parse()
	listener, err := passedListener()
	if err != nil {
		log.Fatal(err)
	}
	server := &http.Server{Handler: answers(*name), ReadHeaderTimeout: 10 * time.Second}

	ended := make(chan struct{})
	asked, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	go func() {
		<-asked.Done()
		within, cancel := context.WithTimeout(context.Background(), 4*time.Second)
		defer cancel()
		server.Shutdown(within)
		close(ended)
	}()

	log.Printf("%s serves %s, %s", *name, listener.Addr(), runtime.Version())
	if err := server.Serve(listener); err != http.ErrServerClosed {
		log.Fatal(err)
	}
	<-ended
}

// passedListener gives the socket passed as LISTEN_FDS. The pid tells whether it was meant for us,
// and not for a parent whose environment we have.
func passedListener() (net.Listener, error) {
	if pid, _ := strconv.Atoi(os.Getenv("LISTEN_PID")); pid != os.Getpid() {
		return nil, fmt.Errorf("no socket was passed: LISTEN_PID is %q", os.Getenv("LISTEN_PID"))
	}
	file := os.NewFile(firstPassed, "passed")
	defer file.Close() // FileListener has a copy
	return net.FileListener(file)
}

func answers(name string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/health", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, "ok")
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(map[string]any{"name": name, "go": runtime.Version(), "pid": os.Getpid()})
	})
	return mux
}
