package script

// command returns what a command of the image does, by the name under which it
// is called; nil if this package does not know it. docs/scripts.md lists all.
func command(name string) commandFunc {
	for _, family := range []func(string) commandFunc{accountCommand, fileCommand, textCommand, systemCommand} {
		if fn := family(name); fn != nil {
			return fn
		}
	}
	return nil
}

func accountCommand(name string) commandFunc {
	switch name {
	case "addgroup":
		return addgroup
	case "adduser":
		return adduser
	case "delgroup":
		return delgroup
	case "deluser":
		return deluser
	case "passwd":
		return passwd
	case "add-shell":
		return addShell
	case "remove-shell":
		return removeShell
	case "id":
		return id
	case "whoami":
		return func(p *process) error { return p.print("root\n") }
	case "getent":
		return getent
	}
	return nil
}

func fileCommand(name string) commandFunc {
	switch name {
	case "basename":
		return basename
	case "chgrp":
		return chgrp
	case "chmod":
		return chmod
	case "chown":
		return chown
	case "cp":
		return cp
	case "dirname":
		return dirname
	case "find":
		return find
	case "install":
		return install
	case "ln":
		return ln
	case "ls":
		return ls
	case "mkdir":
		return mkdir
	case "mkfifo":
		return mkfifo
	case "mknod":
		return mknod
	case "mv":
		return mv
	case "readlink":
		return readlink
	case "realpath":
		return realpath
	case "rm":
		return rm
	case "rmdir":
		return rmdir
	case "stat":
		return stat
	case "touch":
		return touch
	case "unlink":
		return unlink
	}
	return nil
}

func textCommand(name string) commandFunc {
	switch name {
	case "cat":
		return cat
	case "cmp":
		return cmpFiles
	case "comm":
		return comm
	case "cut":
		return cut
	case "diff":
		return diff
	case "echo":
		return echo
	case "grep", "egrep", "fgrep":
		return grep
	case "head":
		return head
	case "printf":
		return printf
	case "sed":
		return sed
	case "seq":
		return seq
	case "sort":
		return sortLines
	case "tail":
		return tail
	case "tee":
		return tee
	case "tr":
		return tr
	case "uniq":
		return uniq
	case "wc":
		return wc
	}
	return nil
}

func systemCommand(name string) commandFunc {
	switch name {
	case "[", "[[", "test":
		return testCommand
	case "apk":
		return apkCommand
	case "bbsuid":
		return bbsuid
	case "busybox", "busybox.static":
		return busybox
	case "busybox-extras":
		return busyboxExtras
	case "c_rehash":
		return cRehash
	case "date":
		return date
	case "env":
		return env
	case "false":
		return func(*process) error { return status(1) }
	case "hostname":
		return hostname
	case "pwd":
		return func(p *process) error { return p.print(p.dir + "\n") }
	case "rc-update":
		return rcUpdate
	case "run-parts":
		return runParts
	case "sh", "ash", "dash", "bash":
		return sh
	case "true", "sync", "sleep", "usleep":
		return succeed
	case "uname":
		return uname
	case "update-ca-certificates":
		return updateCACertificates
	case "which":
		return which
	case "xargs":
		return xargs
	}
	return idleCommand(name)
}
