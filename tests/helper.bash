# Shared by every bats file: the built programs first in PATH, a home of its own, UTC, and no setting from outside.
bats_require_minimum_version 1.5.0

PROJECT=$(cd "${BASH_SOURCE[0]%/*}/.." && pwd)
LEADPIPE_BUILD=${LEADPIPE_BUILD:-$PROJECT/build}
PATH=$LEADPIPE_BUILD/bin:$LEADPIPE_BUILD/test-tools:$PATH
export LEADPIPE_HOME=$BATS_TEST_TMPDIR/home LEADPIPE_SHARE=$PROJECT/share TZ=UTC LC_ALL=C.UTF-8
mkdir -p "$LEADPIPE_HOME"
unset HUBSPOT_ACCESS_TOKEN HUBSPOT_API_URL LEADPIPE_TRACE LEADPIPE_RECORD LEADPIPE_REPLAY TRACEPARENT http_proxy https_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY all_proxy CREDENTIALS_DIRECTORY

# start_sandbox [OPTION...]: starts hs-sandbox on a free port and waits for its first line; sets SANDBOX_URL, SANDBOX_PORT, SANDBOX_PID, and the
# environment that hs-tasks reads. Call stop_sandbox from teardown.
start_sandbox() {
  local out=$BATS_TEST_TMPDIR/sandbox.out line='' tries=0
  : >"$out" # before a second start, so that the first one's line is not read again
  hs-sandbox --port 0 --token sandbox-token "$@" >"$out" 2>"$BATS_TEST_TMPDIR/sandbox.err" 3>&- &
  SANDBOX_PID=$!
  until line=$(head -n 1 "$out") && [ -n "$line" ]; do
    kill -0 "$SANDBOX_PID" 2>/dev/null || { cat "$BATS_TEST_TMPDIR/sandbox.err" >&2; return 1; }
    tries=$((tries + 1))
    [ "$tries" -lt 600 ] || return 1
    sleep 0.05
  done
  SANDBOX_URL=$(grep -o 'http://[^" ]*' <<<"$line" | head -n 1)
  SANDBOX_PORT=${SANDBOX_URL##*:}
  export HUBSPOT_API_URL=$SANDBOX_URL HUBSPOT_ACCESS_TOKEN=sandbox-token SANDBOX_URL SANDBOX_PORT
}

stop_sandbox() {
  [ -n "${SANDBOX_PID:-}" ] || return 0
  kill "$SANDBOX_PID" 2>/dev/null || true
  wait "$SANDBOX_PID" 2>/dev/null || true
  SANDBOX_PID=''
}

# api METHOD PATH [BODY]: one call to the sandbox, with its token; prints the body.
api() {
  curl -sS -X "$1" -H "Authorization: Bearer sandbox-token" ${3:+-H 'Content-Type: application/json' -d "$3"} "$SANDBOX_URL$2"
}
