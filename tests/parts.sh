#!/bin/sh
# Install the system parts the tests start, where this user may; say what is missing where not.
set -eu

gmail=.test-parts/gmail  # tests/gmail/package.json pins every version of the stand-in
if [ ! -d "$gmail/node_modules/emulate" ]; then
  if command -v npm >/dev/null 2>&1; then
    mkdir -p "$gmail"
    cp tests/gmail/package.json "$gmail/"
    npm install --prefix "$gmail" --ignore-scripts --no-audit --no-fund --no-package-lock --silent
  else
    echo "Missing: npm, with Node 20.19 or newer (sudo apt-get install npm). The Gmail tests and the extension need it."
  fi
fi

missing=""
for pair in chromium:chromium dovecot:dovecot-imapd openssl:openssl firefox-esr:firefox-esr systemd-analyze:systemd \
  Xvfb:xvfb thunderbird:thunderbird; do
  command -v "${pair%%:*}" >/dev/null 2>&1 || [ -x "/usr/sbin/${pair%%:*}" ] || missing="$missing ${pair##*:}"
done
[ -e /usr/share/chromium/locales/de.pak ] || [ -e /usr/lib/chromium/locales/de.pak ] || missing="$missing chromium-l10n"
command -v initdb >/dev/null 2>&1 || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing="$missing postgresql"
[ -n "$missing" ] || exit 0

as_root=""
[ "$(id -u)" = 0 ] || as_root="sudo -n"
if command -v apt-get >/dev/null 2>&1 && $as_root true 2>/dev/null; then
  echo "Installing for the tests:$missing"
  $as_root apt-get update -qq
  # shellcheck disable=SC2086  # a list of names
  DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends $missing >/dev/null
else
  echo "Missing for some tests:$missing. Get them: sudo apt-get install$missing. Without, these tests are skipped."
fi
