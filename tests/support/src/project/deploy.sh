#!/bin/sh
# Puts a release on the instance at a port: the part that PM2 plays in the CAL guide.
set -eu
exec "$PM" start --dir "$PM_DIRECTORY" --name "web-$1" --env DATABASE_URL --env NODE_ENV -- \
  "$SAMPLE_SERVICE" --build "artifacts/web-$2.json" --port "$1"
