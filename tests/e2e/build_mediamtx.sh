#!/usr/bin/env bash
# Build MediaMTX from its Go module into $1: a module has neither the version nor the hls.js that a release is given.
set -euo pipefail
version=v1.12.3
target=$(realpath -m "$1")
hls_js=$(realpath "$2")
module=$(go mod download -json "github.com/bluenviron/mediamtx@$version" | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p')
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -r "$module/." "$work"
chmod -R u+w "$work"
echo "$version" >"$work/internal/core/VERSION"
cp "$hls_js" "$work/internal/servers/hls/hls.min.js"
mkdir -p "$(dirname "$target")"
cd "$work"
CGO_ENABLED=0 go build -o "$target" .
