#!/bin/sh
# Stands in for nginx, with the part of its ways that matters here: site.conf is read at the start and again on a HUP,
# and not in between; a site.conf that cannot be read leaves the loaded one in place. Locations match exactly.
set -eu
site=/tmp/site

# No `read` here: that of busybox 1.38 finds nothing once a signal has come.
load() {
  awk '$1 == "location" { path = $2 } $1 == "proxy_pass" { sub(/;$/, "", $2); print path, $2 }' \
    /etc/nginx/site.conf > /tmp/locations.new || return 0
  awk -v "site=$site" '{ print site $1 }' /tmp/locations.new | xargs mkdir -p
  mv /tmp/locations.new /tmp/locations
}

mkdir -p "$site/cgi-bin"
# httpd asks this program for every folder that has no page of its own.
cp /opt/front/proxy.cgi "$site/cgi-bin/index.cgi"
ln -sf /srv/pages/index.html "$site/index.html"
echo E404:/srv/pages/not-found.html > /tmp/httpd.conf
trap load HUP
trap 'exit 0' TERM INT
load
httpd -f -p 8080 -c /tmp/httpd.conf -h "$site" &
# A signal ends `wait` but not httpd.
while kill -0 $!; do wait $! || true; done
