#!/usr/bin/env bats
# hs-tasks limits, and the governor that all processes share.

setup() {
  load helper
  load hs-tasks-helper
}
teardown() { stop_sandbox; }

@test "limits tells what all processes have used, and asks nobody" {
  portal
  hs-tasks list >/dev/null
  before=$(calls)
  run --separate-stderr hs-tasks limits --json
  [ "$status" -eq 0 ]
  [ "$(jq -rs 'map(.key) | join(" ")' <<<"$output")" = 'hubspot hubspot-search' ]
  [ "$(jq -s '.[0].used > 0 and .[0].in_flight == 0 and .[0].processes == 0 and .[0].breaker == "closed" and .[1].used == 1' <<<"$output")" = true ]
  [ "$(calls)" -eq "$before" ]
  run --separate-stderr hs-tasks limits
  [ "$status" -eq 0 ]
  [[ ${lines[0]} =~ ^'hubspot '+[0-9]+' of 190 used in 10 s, 0 in flight, 0 waiting (0 for a person), 0 processes' ]]
}

@test "sixteen processes use the rate and are never refused, though they are killed" {
  make -s -C "$PROJECT" "BUILD=$LEADPIPE_BUILD" "$LEADPIPE_BUILD/test-tools/governor_load"
  run --separate-stderr env "BUILD=$LEADPIPE_BUILD" timeout 90 "$PROJECT/tests/fault/governor" 16 40
  echo "$output" >&2
  [ "$status" -eq 0 ]
  [ "${lines[1]}" = ok ]
}

@test "a daily limit ends every later run at once, without a call" {
  start_sandbox --daily 1
  run --separate-stderr hs-tasks list
  run --separate-stderr hs-tasks list
  [ "$status" -eq 75 ]
  [ "$stderr" = "hs-tasks: list: status 429: the daily limit is reached; it starts anew at midnight in the account's time zone" ]
  before=$(calls)
  run --separate-stderr hs-tasks list
  [ "$status" -eq 75 ]
  [ "$(calls)" -eq "$before" ]
}
