#!/bin/sh
# Starts coturn with turnserver.conf and what is this machine's own, from variables:
#
#   TURN_SECRET       the value of PROOFCALL_TURN_SECRET (or TURN_SECRET_FILE, a file with it)
#   TURN_REALM        the server's name, e.g. turn.example.com
#   TURN_PEERS        addresses of the media server as browsers are told them (what
#                     PROOFCALL_PUBLIC_IP says), separated by commas; it relays to these only
#   TURN_LISTEN_IPS   own addresses to listen on, separated by commas
#   TURN_RELAY_IPS    own addresses to relay from, of the peers' families (default: listen)
#   TURN_EXTERNAL_IP  public address, or public/own pairs, where this machine is behind NAT
#   TURN_PORT         UDP and TCP (default 3478)
#   TURN_TLS_PORT     TLS (default 443), if TURN_CERT and TURN_KEY (PEM files) are given
#   TURN_PORTS        first-last, UDP ports to relay from (default 49160-49999)
#   TURN_RUN          directory for the configuration with the secret, 0700 (default: a new one)
set -eu
umask 077

fail() {
  echo "coturn: $1" >&2
  exit 2
}

if [ -n "${TURN_SECRET_FILE:-}" ]; then
  TURN_SECRET=$(cat "$TURN_SECRET_FILE")
fi
: "${TURN_SECRET:=}" "${TURN_REALM:=}" "${TURN_PEERS:=}" "${TURN_LISTEN_IPS:=}"
: "${TURN_RELAY_IPS:=$TURN_LISTEN_IPS}" "${TURN_EXTERNAL_IP:=}" "${TURN_PORT:=3478}"
: "${TURN_TLS_PORT:=443}" "${TURN_CERT:=}" "${TURN_KEY:=}" "${TURN_PORTS:=49160-49999}"

# One line each: nothing given from outside may become a second directive.
matches() {
  [ "$(printf '%s' "$1" | wc -l)" -eq 0 ] && printf '%s' "$1" | grep -Eqx "$2"
}
matches "$TURN_SECRET" '[A-Za-z0-9._~+/=-]{16,256}' ||
  fail "TURN_SECRET must be 16 to 256 letters, digits and -_.~+/="
matches "$TURN_REALM" '[A-Za-z0-9.-]{1,253}' || fail "TURN_REALM must be a host name"
matches "$TURN_PEERS" '[0-9A-Fa-f:.,]+' ||
  fail "TURN_PEERS must name the media server's addresses: without them it would relay to nobody"
matches "$TURN_LISTEN_IPS" '[0-9A-Fa-f:.,]+' || fail "TURN_LISTEN_IPS must be addresses"
matches "$TURN_RELAY_IPS" '[0-9A-Fa-f:.,]+' || fail "TURN_RELAY_IPS must be addresses"
[ -z "$TURN_EXTERNAL_IP" ] || matches "$TURN_EXTERNAL_IP" '[0-9A-Fa-f:.,/]+' ||
  fail "TURN_EXTERNAL_IP must be an address, or pairs public/own"
matches "$TURN_PORT" '[0-9]{1,5}' || fail "TURN_PORT must be a port"
matches "$TURN_TLS_PORT" '[0-9]{1,5}' || fail "TURN_TLS_PORT must be a port"
matches "$TURN_PORTS" '[0-9]{1,5}-[0-9]{1,5}' || fail "TURN_PORTS must be first-last"

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
run=${TURN_RUN:-$(mktemp -d)}
conf=$run/turnserver.conf

# each DIRECTIVE LIST: one line for each part of a list with commas.
each() {
  printf '%s\n' "$2" | tr ',' '\n' | while read -r part; do
    [ -z "$part" ] || echo "$1=$part"
  done
}

{
  cat "$here/turnserver.conf"
  echo
  echo "static-auth-secret=$TURN_SECRET"
  echo "realm=$TURN_REALM"
  each allowed-peer-ip "$TURN_PEERS"
  each listening-ip "$TURN_LISTEN_IPS"
  each relay-ip "$TURN_RELAY_IPS"
  each external-ip "$TURN_EXTERNAL_IP"
  echo "listening-port=$TURN_PORT"
  echo "min-port=${TURN_PORTS%-*}"
  echo "max-port=${TURN_PORTS#*-}"
  echo "pidfile=$run/turnserver.pid"
  echo "userdb=$run/turn.sqlite"
  if [ -n "$TURN_CERT" ] && [ -n "$TURN_KEY" ]; then
    echo "tls-listening-port=$TURN_TLS_PORT"
    echo "cert=$TURN_CERT"
    echo "pkey=$TURN_KEY"
  else
    echo "no-tls"
  fi
} >"$conf"

exec turnserver -c "$conf"
