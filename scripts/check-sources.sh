#!/usr/bin/env bash
# Lint and types beside each other: neither uses more than one core. Fails where either does.
set -u
cd "$(dirname "$0")/.."
if git grep --line-number --extended-regexp '^(<<<<<<<|>>>>>>>) '; then
  echo 'these files have marks of a merge that was not finished' >&2
  exit 1
fi
npm run --silent lint &
lint=$!
types=0
npm run --silent typecheck || types=$?
wait "$lint" && [ "$types" = 0 ]
