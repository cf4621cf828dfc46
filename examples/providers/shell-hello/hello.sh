#!/bin/sh
# Writes a page, then becomes a web server. `exec` matters: without it the shell would be
# the process that is watched and stopped, and the server a child it leaves behind.
set -eu
host=$1 port=$2 www=$3/www

mkdir -p "$www"
printf 'ok\n' > "$www/health"
cat > "$www/index.html" <<PAGE
<!doctype html>
<meta charset="utf-8">
<title>Hello</title>
<h1>Hello from $(uname -s)</h1>
<p>I was started $(date -u '+%Y-%m-%d %H:%M:%S') UTC, for the ${PROVIDER_GENERATION:-first}. time.</p>
PAGE

exec python3 -m http.server "$port" --bind "$host" --directory "$www"
