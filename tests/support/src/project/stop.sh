#!/bin/sh
# Stops the instance at a port; also when it does not run.
set -eu
exec "$PM" stop --dir "$PM_DIRECTORY" --name "web-$1"
