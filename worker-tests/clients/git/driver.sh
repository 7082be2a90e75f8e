#!/bin/sh
# The driver of git itself. CLIENT_GIT is the program, CLIENT_GIT_PROTOCOL the version of the protocol that it asks for.
set -eu

client() { "$CLIENT_GIT" -c "protocol.version=$CLIENT_GIT_PROTOCOL" "$@"; }

operation=$1
shift
case $operation in
clone)
  url=$1 dir=$2
  shift 2
  case $* in *--filter*) set -- "$@" --no-checkout ;; esac
  client clone --quiet --no-single-branch "$@" "$url" "$dir"
  ;;
fetch)
  dir=$1
  shift
  client -C "$dir" fetch --quiet origin "$@"
  ;;
push)
  dir=$1
  shift
  client -C "$dir" push --quiet origin "$@"
  ;;
read) client -C "$1" cat-file blob "$2" ;;
*)
  echo "no such operation: $operation" >&2
  exit 2
  ;;
esac
