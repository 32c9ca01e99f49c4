# shellcheck shell=bash
# The one way in which the action's scripts say that they cannot go on.

# error MESSAGE: an annotation on the run. Escaped, so that a value from outside cannot become a
# command of its own: https://github.com/actions/toolkit/blob/main/packages/core/src/command.ts
error() {
  local message="$1"
  message="${message//'%'/%25}"
  message="${message//$'\r'/%0D}"
  message="${message//$'\n'/%0A}"
  printf '::error title=sluicegate::%s\n' "$message" >&2
}
