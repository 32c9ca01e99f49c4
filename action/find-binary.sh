#!/usr/bin/env bash
# find-binary.sh GATE [DIRECTORY]: prints the path of a gate's binary that may be run.
#
# Taken from the first of these that applies:
#   1. DIRECTORY: the caller built it or put it there;
#   2. the runner's tool cache, if the digest is the one in checksums.txt;
#   3. the release named in VERSION, if the digests are the ones in checksums.txt;
#   4. a build of this very tree, if checksums.txt knows nothing of that release. Then the action
#      was taken from a branch, and there is no release that would belong to it.
#
# checksums.txt is part of the tree, so whoever pins the action to a commit pins the binaries too.
# SLUICEGATE_DOWNLOAD_URL may name a mirror (https only): the digests decide, not the place.
# Exit code: 2 when it will stay so until something is changed, 3 when another try may help.
set -euo pipefail

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
# shellcheck source=action/error.sh
. "$here/error.sh"

gate="$1"
directory="${2:-}"
checksums="$here/checksums.txt"

# fail CODE MESSAGE
fail() {
  error "$2"
  exit "$1"
}

# Names of the released targets; Linux binaries are static, so any distribution will do.
released_target() {
  case "$(uname -s) $(uname -m)" in
    'Linux x86_64') echo x86_64-unknown-linux-musl ;;
    'Linux aarch64' | 'Linux arm64') echo aarch64-unknown-linux-musl ;;
    'Darwin x86_64') echo x86_64-apple-darwin ;;
    'Darwin arm64') echo aarch64-apple-darwin ;;
    *) echo "$(uname -s)-$(uname -m)" ;;
  esac
}

# expected_digest NAME: what checksums.txt says of NAME; empty when it says nothing.
expected_digest() {
  awk -v name="$1" '$2 == name { print $1; exit }' "$checksums"
}

digest_of() {
  if command -v sha256sum >/dev/null; then sha256sum <"$1"; else shasum -a 256 <"$1"; fi | cut -d ' ' -f 1
}

# has_digest FILE DIGEST
has_digest() {
  [[ -f "$1" && -n "$2" && "$(digest_of "$1")" == "$2" ]]
}

build() {
  if ! command -v cargo >/dev/null; then
    fail 2 "this version of the action has no release ($version is not in checksums.txt) and cargo is not installed to build it: use a released tag, or set \`bin-dir\`"
  fi
  echo "sluicegate $version is not released: building $gate from source" >&2
  local target_dir="${RUNNER_TEMP:-/tmp}/sluicegate-build"
  # From the action's own directory, so that the caller's .cargo/config.toml does not apply.
  cd "$here/.."
  unset CARGO_BUILD_TARGET
  cargo build --locked --release --bin "$gate" --target-dir "$target_dir" >&2 ||
    fail 3 "cargo could not build $gate: see the log above"
  echo "$target_dir/release/$gate"
}

# download URL FILE
download() {
  local status code=0
  # --disable first: a .curlrc could switch verification off.
  status="$(curl --disable --proto '=https' --tlsv1.2 --fail --location --silent --show-error \
    --connect-timeout 10 --max-time 300 --retry 5 --write-out '%{http_code}' --output "$2" --url "$1")" || code="$?"
  if [[ "$code" == 22 ]]; then fail 3 "could not download $1: HTTP status $status"; fi
  if [[ "$code" != 0 ]]; then fail 3 "could not download $1: curl exit code $code (https://curl.se/docs/manpage.html#EXIT)"; fi
}

if [[ -n "$directory" ]]; then
  if [[ ! -f "$directory/$gate" || ! -x "$directory/$gate" ]]; then
    fail 2 "\`bin-dir\` is \`$directory\`, which holds no executable \`$gate\`"
  fi
  echo "$(cd -- "$directory" && pwd)/$gate"
  exit
fi

version="$(cat "$here/VERSION")"
if ! grep -qF "  sluicegate-$version-" "$checksums"; then
  build
  exit
fi

target="$(released_target)"
name="sluicegate-$version-$target"
archive_digest="$(expected_digest "$name.tar.gz")"
binary_digest="$(expected_digest "$name/$gate")"
if [[ -z "$archive_digest" || -z "$binary_digest" ]]; then
  fail 2 "sluicegate $version has no binary for $target: build it with \`cargo build --locked --release\` and set \`bin-dir\`"
fi

cache="${RUNNER_TOOL_CACHE:-${RUNNER_TEMP:-/tmp}}/sluicegate/$version/$target"
if has_digest "$cache/$gate" "$binary_digest"; then
  echo "$cache/$gate"
  exit
fi
if [[ -e "$cache/$gate" ]]; then
  echo "::warning title=sluicegate::the cached $gate is not the one that was released; downloading it again" >&2
fi

mkdir -p "$(dirname "$cache")"
work="$(mktemp -d "$cache.XXXXXX")"
trap 'rm -rf "$work"' EXIT

base="${SLUICEGATE_DOWNLOAD_URL:-${GITHUB_SERVER_URL:-https://github.com}/sluicegate/sluicegate/releases/download}"
url="$base/v$version/$name.tar.gz"
echo "downloading $url" >&2
download "$url" "$work/archive.tar.gz"
if ! has_digest "$work/archive.tar.gz" "$archive_digest"; then
  fail 3 "digest of $url is $(digest_of "$work/archive.tar.gz"), want $archive_digest: it is not the archive that was released, so it is not run"
fi
tar -xzf "$work/archive.tar.gz" -C "$work"
if ! has_digest "$work/$name/$gate" "$binary_digest"; then
  fail 3 "digest of $gate in $url is not $binary_digest: it is not the binary that was released, so it is not run"
fi
rm -rf "$cache"
mv "$work/$name" "$cache"
echo "$cache/$gate"
