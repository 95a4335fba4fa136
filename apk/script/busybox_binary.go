package script

import (
	"bytes"
	"path"
)

// appletPaths reads a busybox binary's applets out of it. Its read-only data
// has their names, each ended by a NUL and in bytewise order, and the place of
// each in four bits, the first one's in the low ones (busybox, applets/
// applet_tables.c). Neither table has a mark: the names are the longest sorted
// run, and the places the run of as many values that fits applets whose place
// is known.
func appletPaths(data []byte) ([]string, bool) {
	names := longestNames(data)
	if len(names) < minApplets {
		return nil, false
	}
	places := findPlaces(data, names)
	if places == nil {
		return nil, false
	}
	list := make([]string, len(names))
	for i, name := range names {
		list[i] = path.Join(places[i], name)
	}
	return list, true
}

// minApplets is how many names make a table worth believing.
const minApplets = 4

// longestNames returns the longest run of NUL-ended names in bytewise order.
func longestNames(data []byte) []string {
	var best, run []string
	for len(data) > 0 {
		end := bytes.IndexByte(data, 0)
		if end < 0 {
			break
		}
		name := string(data[:end])
		data = data[end+1:]
		switch {
		case !isAppletName(name):
			run = nil
		case len(run) > 0 && run[len(run)-1] >= name:
			run = []string{name}
		default:
			run = append(run, name)
		}
		if len(run) > len(best) {
			best = run
		}
	}
	return best
}

func isAppletName(s string) bool {
	if s == "" || len(s) > 32 {
		return false
	}
	for i := range len(s) {
		if c := s[i]; !isWord(c) && c != '[' && c != '-' && c != '.' && c != '+' {
			return false
		}
	}
	return true
}

// findPlaces finds the table of directories for the names.
func findPlaces(data []byte, names []string) []string {
	dirs := []string{"", "bin", "sbin", "usr/bin", "usr/sbin"}
	size := (len(names) + 1) / 2
	var found []string
	for at := 0; at+size <= len(data); at++ {
		table := data[at : at+size]
		if !plausiblePlaces(table, names) {
			continue
		}
		if found != nil {
			return nil // two tables fit: neither can be believed
		}
		found = make([]string, len(names))
		for i := range names {
			found[i] = dirs[table[i/2]>>(i%2*4)&0xf]
		}
	}
	return found
}

// plausiblePlaces tells whether a table agrees with the applets whose place is
// the same in every busybox.
func plausiblePlaces(table []byte, names []string) bool {
	known := 0
	for i, name := range names {
		place := table[i/2] >> (i % 2 * 4) & 0xf
		if place > 4 {
			return false
		}
		want, ok := knownPlace(name)
		if ok && place != want {
			return false
		}
		if ok {
			known++
		}
	}
	return known >= minApplets/2 && (len(names)%2 == 0 || table[len(table)-1]>>4 == 0)
}

// knownPlace is the place of some applets, as in the table.
func knownPlace(name string) (byte, bool) {
	switch name {
	case "ash", "cat", "chmod", "cp", "echo", "grep", "ln", "ls", "mkdir", "mv", "rm", "sed", "sh", "true":
		return 1, true
	case "fdisk", "halt", "ifconfig", "init", "losetup", "mdev", "modprobe", "reboot", "route", "swapon":
		return 2, true
	case "awk", "cut", "env", "find", "ftpget", "ftpput", "head", "sort", "tail", "telnet", "test", "tftp", "wc", "xargs":
		return 3, true
	case "addgroup", "adduser", "brctl", "chroot", "crond", "deluser", "dnsd", "ftpd", "httpd", "inetd", "ntpd", "telnetd", "udhcpd":
		return 4, true
	}
	return 0, false
}
