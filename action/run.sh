#!/usr/bin/env bash
# Turns the inputs of the action (INPUT_*) into one command line, and becomes that gate.
# Written for bash 3.2, which is what macOS runners have.
set -euo pipefail

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
# shellcheck source=action/error.sh
. "$here/error.sh"

# stop CODE: leaves the outputs that the gate would have written. `settled` is left empty: a gate
# that never ran cannot vouch for what an earlier one left behind.
stop() {
  local verdict=unknown
  if [[ "$1" == 2 ]]; then verdict=config; fi
  if [[ -n "${GITHUB_OUTPUT:-}" ]]; then
    printf 'verdict=%s\nexit-code=%s\n' "$verdict" "$1" >>"$GITHUB_OUTPUT"
  fi
  exit "$1"
}

# refuse MESSAGE: the inputs are wrong, so nothing is started.
refuse() {
  error "$1"
  stop 2
}

arguments=()

# option NAME VALUE: one argument, so that a value which begins with a dash stays a value.
option() {
  if [[ -n "$2" ]]; then arguments+=("--$1=$2"); fi
}

# options NAME LINES: the option once for every line that is not empty.
options() {
  local line
  while IFS= read -r line; do option "$1" "$line"; done <<<"$2"
}

# switch NAME VALUE: booleans as YAML 1.2 writes them; empty is unset.
switch() {
  case "$2" in
    true | True | TRUE) arguments+=("--$1") ;;
    '' | false | False | FALSE) ;;
    *) refuse "input \`$1\` is \`$2\`, want true or false" ;;
  esac
}

step="${INPUT_STEP:-}"
case "$step" in
  preflight-checklist | migrate-gate | smoke-test | canary-promote | rollback) ;;
  *) refuse "input \`step\` is \`$step\`, want preflight-checklist, migrate-gate, smoke-test, canary-promote or rollback" ;;
esac

command="${INPUT_COMMAND:-}"
if [[ -n "$command" ]]; then
  # Anything else would be taken for an option, and options have inputs of their own.
  if [[ ! "$command" =~ ^[a-z][a-z-]*$ ]]; then refuse "input \`command\` is \`$command\`, want one word such as \`check\`"; fi
  arguments+=("$command")
fi
option config "${INPUT_CONFIG:-}"
option environment "${INPUT_ENVIRONMENT:-}"
options service "${INPUT_SERVICE:-}"
option release "${INPUT_RELEASE:-}"
options require "${INPUT_REQUIRE:-}"
option receipt "${INPUT_RECEIPT:-}"
option format "${INPUT_FORMAT:-}"
options only "${INPUT_ONLY:-}"
options skip "${INPUT_SKIP:-}"
switch advisory "${INPUT_ADVISORY:-}"
switch plan "${INPUT_PLAN:-}"
while IFS= read -r line; do
  if [[ -n "$line" ]]; then arguments+=("$line"); fi
done <<<"${INPUT_ARGUMENTS:-}"

binary="$(bash -p "$here/find-binary.sh" "$step" "${INPUT_BIN_DIR:-${SLUICEGATE_BIN_DIR:-}}")" || stop "$?"

directory="${INPUT_WORKING_DIRECTORY:-}"
if [[ -n "$directory" ]]; then
  if [[ "$directory" != /* ]]; then directory="./$directory"; fi
  cd "$directory" || refuse "input \`working-directory\` is \`$directory\`, which cannot be entered"
fi

if [[ -n "${INPUT_TOKEN:-}" ]]; then export GITHUB_TOKEN="$INPUT_TOKEN"; fi
# What the gate starts in turn has no business with our inputs.
for name in ${!INPUT_@}; do unset "$name"; done

# Only what was checked above: a value from outside could hold a workflow command.
echo "running $step${command:+ $command}" >&2
# bash 3.2 calls an empty array unbound.
exec "$binary" ${arguments[@]+"${arguments[@]}"}
