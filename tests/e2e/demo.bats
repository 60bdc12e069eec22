#!/usr/bin/env bats
# The demo is the workflow's own proof: it runs whole, and what it left behind is counted in the portal and in the Maildir, not in its words.

setup_file() {
  cd "$BATS_TEST_DIRNAME/../.." || return 1
  export DEMO_STATE=$BATS_FILE_TMPDIR/demo DEMO_OUT=$BATS_FILE_TMPDIR/demo.out
  BUILD=${LEADPIPE_BUILD:-build} scripts/demo "$DEMO_STATE" >"$DEMO_OUT" 2>"$BATS_FILE_TMPDIR/demo.err"
  export DEMO_STATUS=$?
}

setup() {
  load ../helper
  db=$DEMO_STATE/portal.db
}

@test "the demo ends with status 0 and says nothing on stderr" {
  [ "$DEMO_STATUS" -eq 0 ]
  run cat "$BATS_FILE_TMPDIR/demo.err"
  [ "$output" = '' ]
}

@test "every enrich task of day 0 is done: 500 and more lines were enriched, none carries an error" {
  [ "$(wc -l <"$DEMO_STATE/enriched.jsonl")" -ge 500 ]
  [ "$(jq -c 'select(.error)' "$DEMO_STATE/enriched.jsonl" | wc -l)" -eq 0 ]
}

@test "every score is traced to a rule: points add up to the score" {
  run jq -e -n '[inputs | select(.qualification) | select((.qualification.reasons | map(.points) | add // 0) != .qualification.score)] == []' "$DEMO_STATE/scored.jsonl"
  [ "$status" -eq 0 ]
}

@test "no mail went out twice: Message-IDs in the Maildir are all different, and there is one for every record that says sent" {
  grep -h -i '^message-id:' "$DEMO_STATE"/maildir/new/* | tr -d '\r' | sort >"$BATS_TEST_TMPDIR/ids"
  [ "$(wc -l <"$BATS_TEST_TMPDIR/ids")" -gt 0 ]
  [ "$(uniq -d "$BATS_TEST_TMPDIR/ids")" = '' ]
  sent=$(jq -r 'select(.outreach.state == "sent") | .outreach.message_id' "$DEMO_STATE/mails.jsonl" | sort -u | wc -l)
  [ "$(wc -l <"$BATS_TEST_TMPDIR/ids")" -eq "$sent" ]
}

@test "the demo used at most 0.27 API calls a completed task, and prints what a call per record would have cost" {
  line=$(grep '^API calls: ' "$DEMO_OUT")
  per_task=$(grep -o '[0-9.]* a task' <<<"$line" | cut -d' ' -f1)
  run jq -en --argjson x "$per_task" '$x > 0 and $x <= 0.27'
  [ "$status" -eq 0 ]
  grep -q 'one call per record would have made' "$DEMO_OUT"
}

@test "it says where it left its state, and the portal can be started again from there" {
  grep -qF "$DEMO_STATE" "$DEMO_OUT"
  start_sandbox --db "$db"
  run --separate-stderr hs-tasks list -n 5
  stop_sandbox
  [ "$status" -eq 0 ]
  [ "${#lines[@]}" -eq 5 ]
}

@test "perfstat's table is in it" {
  grep -q 'p95' "$DEMO_OUT"
}
