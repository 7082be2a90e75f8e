// The driver of go-git: Git in Go.
package main

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"strconv"
	"strings"

	git "github.com/go-git/go-git"
	"github.com/go-git/go-git/config"
	"github.com/go-git/go-git/plumbing"
	"github.com/go-git/go-git/plumbing/transport"
)

// The client has nothing for what is asked: found by looking, not taken for granted.
type lacks struct{ words string }

func (l lacks) Error() string { return "lacks: " + l.words }

func mustLack(options any, field string) error {
	kind := reflect.TypeOf(options)
	if _, found := kind.FieldByName(field); found {
		return fmt.Errorf("go-git has %v.%s now: the driver must use it", kind, field)
	}
	return lacks{fmt.Sprintf("%v has no %s", kind, field)}
}

func main() {
	arguments := []string{}
	options := map[string]string{}
	for _, word := range os.Args[1:] {
		if strings.HasPrefix(word, "--") {
			name, value, _ := strings.Cut(word[2:], "=")
			options[name] = value
		} else {
			arguments = append(arguments, word)
		}
	}
	err := run(arguments[0], arguments[1:], options)
	var lacking lacks
	if errors.As(err, &lacking) {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(3)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(operation string, arguments []string, options map[string]string) error {
	if _, filtered := options["filter"]; filtered {
		return mustLack(git.CloneOptions{}, "Filter")
	}
	depth, _ := strconv.Atoi(options["depth"])
	if _, whole := options["unshallow"]; whole {
		// What git itself sends for it.
		depth = 2147483647
	}
	_, force := options["force"]
	_, atomic := options["atomic"]
	switch operation {
	case "clone":
		_, err := git.PlainClone(arguments[1], false, &git.CloneOptions{URL: arguments[0], Depth: depth})
		return lacksIf(err, plumbing.ErrReferenceNotFound, "an empty repository cannot be cloned")
	case "fetch":
		return fetch(arguments[0], specs(arguments[1:]), depth)
	case "push":
		if atomic {
			return mustLack(git.PushOptions{}, "Atomic")
		}
		repo, err := git.PlainOpen(arguments[0])
		if err != nil {
			return err
		}
		return repo.Push(&git.PushOptions{RefSpecs: specs(arguments[1:]), Force: force})
	}
	return fmt.Errorf("no such operation: %s", operation)
}

func specs(words []string) []config.RefSpec {
	found := []config.RefSpec{}
	for _, word := range words {
		found = append(found, config.RefSpec(word))
	}
	return found
}

func fetch(directory string, specs []config.RefSpec, depth int) error {
	repo, err := git.PlainOpen(directory)
	if err != nil {
		return err
	}
	err = repo.Fetch(&git.FetchOptions{RefSpecs: specs, Depth: depth})
	// It says so before it has asked for anything.
	return lacksIf(err, transport.ErrEmptyUploadPackRequest, "no more history is asked for below tips that are here")
}

func lacksIf(err, sign error, words string) error {
	if errors.Is(err, sign) {
		return lacks{fmt.Sprintf("%v: %s", err, words)}
	}
	return err
}
