#!/bin/sh
# A provider as a shell script: it writes a page, then becomes a web server.
#
# It promises four things: to listen where it is told, to answer /health when it can serve, to
# write links relative, and to end soon after its stop signal.
set -eu
host=$1 port=$2 www=$3/www

mkdir -p "$www"
printf 'ok\n' > "$www/health"
date -u '+%Y-%m-%d %H:%M:%S UTC' > "$www/started.txt"

# Links are relative (no slash first), so that they work under the prefix and under the name.
cat > "$www/index.html" <<PAGE
<!doctype html>
<meta charset="utf-8">
<title>{{name}}</title>
<h1>{{name}}</h1>
<p>It works on $(uname -s). <a href="started.txt">Since when</a>?</p>
PAGE

# `exec` matters: without it the shell would be the process that is watched and stopped, and the
# server a child that it leaves behind. Any other server will do: busybox httpd, caddy, nginx.
exec python3 -m http.server "$port" --bind "$host" --directory "$www"
