// Command web answers every request with its version and counts them, for tests of who got how many.
package main

import (
	"fmt"
	"net/http"
	"os"
	"sync/atomic"
)

func main() {
	version, name := os.Getenv("VERSION"), os.Getenv("METRIC")
	var requests atomic.Int64
	http.HandleFunc("/metrics", func(answer http.ResponseWriter, _ *http.Request) {
		answer.Header().Set("Content-Type", "text/plain; version=0.0.4")
		fmt.Fprintf(answer, "# TYPE %s counter\n%s{version=%q} %d\n", name, name, version, requests.Load())
	})
	http.HandleFunc("/", func(answer http.ResponseWriter, _ *http.Request) {
		requests.Add(1)
		fmt.Fprint(answer, version)
	})
	if err := http.ListenAndServe(":8080", nil); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
