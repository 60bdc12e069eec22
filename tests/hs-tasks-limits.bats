#!/usr/bin/env bats
# hs-tasks limits, and the governor that all processes share.

setup() {
  load helper
  load hs-tasks-helper
}
teardown() { stop_sandbox; }

tools() { make -s -C "$PROJECT" "BUILD=$LEADPIPE_BUILD" "$LEADPIPE_BUILD/test-tools/governor_load"; }

@test "limits tells what all processes have used, and asks nobody" {
  portal --rate 190
  hs-tasks list >/dev/null
  before=$(calls)
  run --separate-stderr hs-tasks limits --json
  [ "$status" -eq 0 ]
  [ "$stderr" = '' ]
  [ "$(jq -rs 'map(.key) | join(" ")' <<<"$output")" = 'hubspot hubspot-search hubspot-daily' ]
  [ "$(jq -c '[.max, .window_ms, .in_flight, .waiting, .waiting_interactive, .processes, .retry_tokens, .breaker, .hold_ms]' <<<"${lines[0]}")" = \
    '[190,10000,0,0,0,0,500,"closed",0]' ]
  [ "$(jq .used <<<"${lines[0]}")" -gt 0 ]
  [ "$(jq -c '[.max, .window_ms, .used]' <<<"${lines[1]}")" = '[5,1000,1]' ]
  [ "$(jq '.max == 625000 and .used > 0 and .used + .remaining == .max' <<<"${lines[2]}")" = true ]
  run --separate-stderr hs-tasks limits
  [ "$status" -eq 0 ]
  [[ ${lines[0]} =~ ^'hubspot '+[0-9]+' of 190 used in 10 s, 0 in flight, 0 waiting (0 for a person), 0 processes'$ ]]
  [[ ${lines[1]} =~ ^'hubspot-search  '[01]' of 5 used in 1 s, ' ]]
  [[ ${lines[2]} =~ ^'hubspot-daily   '[0-9]+' of 625000 used today, said HubSpot at 20'[^,]+Z$ ]]
  [ "$(calls)" -eq "$before" ]
}

@test "another token has limits of its own" {
  start_sandbox
  hs-tasks check >/dev/null || true
  [ "$(hs-tasks limits --json | jq -s '.[0].used')" -gt 0 ]
  export HUBSPOT_ACCESS_TOKEN=another
  [ "$(hs-tasks limits --json | jq -s '.[0].used')" -eq 0 ]
  [ "$(hs-tasks limits | tail -n 1)" = 'hubspot-daily   not known yet' ]
}

@test "sixteen processes use the rate and are never refused, though they are killed" {
  tools
  run --separate-stderr env "BUILD=$LEADPIPE_BUILD" timeout 90 "$PROJECT/tests/fault/governor" 16 26
  echo "$output" >&2
  [ "$status" -eq 0 ]
  [ "${lines[1]}" = ok ]
}

@test "a daily limit ends every later run at once, without a call" {
  start_sandbox --daily 1
  run --separate-stderr hs-tasks setup
  [ "$status" -eq 75 ]
  for run in 1 2; do
    run --separate-stderr hs-tasks list
    [ "$status" -eq 75 ]
    [ "$stderr" = "hs-tasks: list: the daily limit is reached; HubSpot counts anew from midnight in the account's time zone, and is asked again in 10 min" ]
    [ "$(jq -r .error.code <<<"$output")" = try_later ]
    [ "$run" -eq 1 ] || [ "$(calls)" -eq "$before" ]
    before=$(calls)
  done
  [[ $(hs-tasks limits | tail -n 1) =~ ^'hubspot-daily   1 of 1 used today, said HubSpot at '.*', held for another '[0-9]+' s'$ ]]
}

@test "what is known to be down is not asked: 75, and with -q not a word" {
  tools
  export HUBSPOT_API_URL=http://127.0.0.1:9 HUBSPOT_ACCESS_TOKEN=x
  hs-tasks limits >/dev/null # makes the files
  "$LEADPIPE_BUILD/test-tools/governor_load" "$LEADPIPE_HOME"/state/limits-* "$HUBSPOT_API_URL/" 60 2>load.err
  [ "$(grep -c 'cannot connect' load.err)" -eq 20 ]
  run --separate-stderr hs-tasks check
  [[ $output == *'hubspot keeps failing: not asked for another '* ]]
  run --separate-stderr hs-tasks limits
  [[ ${lines[0]} =~ ', down: nobody asks for another '[0-9]+' s'$ ]]
  [ "$(hs-tasks limits --json | jq -rs '.[0].breaker')" = open ]
  run --separate-stderr hs-tasks setup
  [ "$status" -eq 75 ]
  [[ $stderr == 'hs-tasks: setup: '*'hubspot keeps failing: not asked for another '* ]]
  run --separate-stderr hs-tasks setup -q
  [ "$status" -eq 75 ]
  [ "$output$stderr" = '' ]
}

@test "state that cannot be kept is an error, said before the first call" {
  start_sandbox
  mkdir -p "$LEADPIPE_HOME"
  printf 'x' >"$LEADPIPE_HOME/state"
  run --separate-stderr hs-tasks list
  [ "$status" -eq 74 ]
  [ "$stderr" = "hs-tasks: $LEADPIPE_HOME/state: Not a directory" ]
  [ "$(calls)" -eq 0 ]
}
