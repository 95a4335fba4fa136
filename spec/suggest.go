package spec

import "strings"

// foreign returns the field that goes by name in other tools' files, or
// nothing.
func foreign(name string) string {
	switch strings.ToLower(strings.NewReplacer("-", "", "_", "").Replace(name)) {
	case "environment", "envs", "envvars":
		return "env"
	case "expose", "exposedports":
		return "ports"
	case "workingdir", "workdirectory", "cwd":
		return "workdir"
	case "command", "args":
		return "cmd"
	case "arch", "archs", "architectures", "platform":
		return "platforms"
	case "accounts":
		return "users"
	case "paths", "copy", "add":
		return "files"
	case "runas":
		return "user"
	case "keyring":
		return "apk.keys"
	case "image", "repository", "repo":
		return "name"
	}
	return ""
}
