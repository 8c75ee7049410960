#!/usr/bin/env bash
# 0 when the silo on this machine takes work, 1 when it does not or does not answer. There is no HTTP client in the image; the shell speaks enough of it.
#   healthcheck.sh [port] [path]
exec 3<>"/dev/tcp/127.0.0.1/${1:-8080}" || exit 1
printf 'GET %s HTTP/1.0\r\nHost: localhost\r\n\r\n' "${2:-/health/ready}" >&3
read -r -t 3 status <&3
[[ "$status" == "HTTP/1."?" 200 "* ]]
