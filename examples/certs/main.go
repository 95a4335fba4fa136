// Command clock prints the time in a zone and fetches a page over HTTPS: a
// program that needs time zone data and CA certificates beside it.
package main

import (
	"fmt"
	"log"
	"net/http"
	"os"
	"time"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) < 2 {
		log.Fatal("usage: clock ZONE [URL]")
	}
	zone, err := time.LoadLocation(os.Args[1])
	if err != nil {
		log.Fatalf("cannot load the zone: %v", err)
	}
	fmt.Println(time.Unix(0, 0).In(zone).Format(time.RFC3339))
	if len(os.Args) > 2 {
		res, err := http.Get(os.Args[2])
		if err != nil {
			log.Fatalf("cannot fetch: %v", err)
		}
		res.Body.Close()
		fmt.Println(res.Status)
	}
}
