#!/usr/bin/env bash
# Installs what the tests need beyond Python and Node on a Debian-like machine; only what is missing.
# Run as root, or as a user who may use sudo without a password.
set -euo pipefail

packages=(
  chromium postgresql redis-server
  radosgw ceph-mon ceph-osd ceph-common
  coturn ffmpeg openssl iproute2 iptables procps libnss3-tools
  libfaketime
  caddy prometheus
  fonts-dejavu-core fonts-noto-cjk
)

missing=()
for package in "${packages[@]}"; do
  state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
  [ "$state" = installed ] || missing+=("$package")
done
if [ "${#missing[@]}" -eq 0 ]; then
  exit 0
fi

if ! command -v apt-get >/dev/null; then
  echo "no apt-get here: install the equivalents of ${missing[*]}" >&2
  exit 1
fi
as_root=()
if [ "$(id -u)" -ne 0 ]; then
  if ! sudo -n true 2>/dev/null; then
    echo "run as root: apt-get install -y ${missing[*]}" >&2
    exit 1
  fi
  as_root=(sudo -n)
fi

# Servers that the packages would start themselves are not wanted: the tests
# start their own on free ports. policy-rc.d is Debian's way to say so.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
  "${as_root[@]}" chmod 755 "$policy"
  trap '"${as_root[@]}" rm -f "$policy"' EXIT
fi

echo "installing ${missing[*]}"
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
  apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
