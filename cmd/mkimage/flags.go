package main

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/mkimage/mkimage/apk"
)

// listFlag is a flag with a list of values, each given alone or with others
// after commas. Each is checked when it is read, so that a wrong one is a wrong
// command line.
type listFlag struct {
	name   string // of the flag
	values *[]string
	check  func(string) error
}

// Set adds values.
func (l *listFlag) Set(text string) error {
	for value := range strings.SplitSeq(text, ",") {
		if value == "" {
			return fmt.Errorf("cannot use --%s with an empty value", l.name)
		}
		if err := l.check(value); err != nil {
			return err
		}
		if slices.Contains(*l.values, value) {
			return fmt.Errorf("cannot use --%s %s twice", l.name, value)
		}
		*l.values = append(*l.values, value)
	}
	return nil
}

// String returns the values.
func (l *listFlag) String() string {
	if l.values == nil {
		return ""
	}
	return strings.Join(*l.values, ",")
}

// Type says what the values are.
func (l *listFlag) Type() string { return "list" }

// checkPlatform refuses what images cannot be built for.
func checkPlatform(value string) error {
	_, err := apk.ParsePlatform(value)
	return err
}

// checkTag refuses what cannot be the tag of an image (OCI distribution
// specification, "Pulling manifests").
func checkTag(value string) error {
	if ok, err := regexp.MatchString(`^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$`, value); err != nil || !ok {
		return fmt.Errorf("cannot use the tag %q: it must be up to 128 letters, digits, \"_\", \".\" and \"-\" that do not start with \".\" or \"-\"", value)
	}
	return nil
}

// workingFolder returns the folder that relative paths are taken from.
func workingFolder() (string, error) {
	dir, err := os.Getwd()
	if call := (*os.SyscallError)(nil); errors.As(err, &call) {
		err = call.Err
	}
	if err != nil {
		return "", fmt.Errorf("cannot find the working folder: %w", err)
	}
	return dir, nil
}
