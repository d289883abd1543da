#!/bin/sh
# Answers a request from the upstream of its location.
set -u

answer() {
  printf 'Status: %s\r\nContent-Type: %s\r\n\r\n' "$1" "$2"
}

upstream=
while read -r location url; do
  if [ "$location" = "${REQUEST_URI%%\?*}" ]; then upstream=$url; fi
done < /tmp/locations

if [ -z "$upstream" ]; then
  answer '404 Not Found' text/html
  cat /srv/pages/not-found.html
elif body=$(timeout 5 wget -q -O - "$upstream"); then
  answer '200 OK' text/plain
  printf '%s\n' "$body"
else
  answer '502 Bad Gateway' text/plain
  echo 'the upstream does not answer'
fi
