#!/usr/bin/env bash
# Lint and types beside each other: neither uses more than one core. Fails where either does.
set -u
cd "$(dirname "$0")/.."
npm run --silent lint &
lint=$!
types=0
npm run --silent typecheck || types=$?
wait "$lint" && [ "$types" = 0 ]
