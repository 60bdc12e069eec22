#!/usr/bin/env bats
# The tools of the crash tests themselves: killat, and the assertions on a portal's database.

setup() {
  load helper
  cd "$BATS_TEST_TMPDIR" || return
}
teardown() { stop_sandbox; }

# -- killat --

@test "killat counts the calls that reach the outer world, and hands on input, output and status" {
  run --separate-stderr bash -c "echo in | killat -o calls -- sh -c 'read -r x; echo \"\$x\"; echo err >&2; echo b >f; exit 7' | cat"
  [ "$status" -eq 0 ]
  [ "$output" = in ]
  [ "$stderr" = err ]
  [ "$(cat calls)" = 4 ] # two lines, a file made, a line in it
  run killat -o calls -- sh -c 'exit 7'
  [ "$status" -eq 7 ]
  [ "$(cat calls)" = 0 ]
  run killat -o calls -- sh -c 'kill -USR1 $$'
  [ "$status" -eq 138 ]
  run --separate-stderr killat -- true
  [ "$stderr" = 0 ]
}

@test "killat kills just before the call, which does not happen any more" {
  for k in 1 2 3; do
    run killat -k $k -o calls -- sh -c 'echo 1; echo 2; echo 3; exit 4'
    [ "$status" -eq 137 ]
    [ "$output" = "$(seq $((k - 1)))" ]
    [ "$(cat calls)" = "$k write" ]
  done
  run killat -k 4 -o calls -- sh -c 'echo 1; echo 2; echo 3; exit 4'
  [ "$status" -eq 4 ]
  [ "$output" = $'1\n2\n3' ]
  [ "$(cat calls)" = 3 ]
  run killat -k 1 -o calls -- sh -c 'echo a >f'
  [ "$status" -eq 137 ]
  [ ! -e f ]
  [ "$(cat calls)" = '1 openat' ]
  run killat -k 2 -- sh -c 'echo a >f'
  [ "$(stat -c %s f)" -eq 0 ]
}

@test "killat shows each call on demand, and counts the set that it is told to" {
  echo a >f
  killat -s -o calls -- sh -c 'read -r x <f; echo a >f; echo b'
  [ "$(cat calls)" = $'1 openat\n2 write\n3 write\n3' ]
  killat -e write -s -o calls -- sh -c 'read -r x <f; echo a >f; echo b'
  [ "$(cat calls)" = $'1 write\n2 write\n2' ]
  killat -e outer,read -o calls -- sh -c 'read -r x <f; echo a >f; echo b'
  [ "$(cat calls)" -gt 3 ]
  killat -e all -o calls -- sh -c 'read -r x <f; echo a >f; echo b'
  [ "$(cat calls)" -gt 20 ]
  run killat -e zork -- true
  [ "$status" -eq 2 ]
  [ "$output" = 'killat: no system call is called "zork" here' ]
  for bad in '' '-k x -- true' '-k 1' '-z -- true'; do
    # shellcheck disable=SC2086  # words
    run killat $bad
    [ "$status" -eq 2 ]
  done
  run -127 --separate-stderr killat -o calls -- ./missing
  [ "$stderr" = 'killat: ./missing: No such file or directory' ]
}

@test "killat counts every thread of the program, none of its children" {
  cat >threads.c <<'END'
#include <pthread.h>
#include <unistd.h>
static void *run(void *name)
{
	for (int i = 0; i < 50; i++)
		if (write(1, name, 2) != 2)
			return name;
	return NULL;
}
int main(void)
{
	pthread_t threads[4];
	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, run, "x\n");
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	return 3;
}
END
  cc -pthread -o threads threads.c
  status=0
  killat -o calls -- ./threads >out || status=$?
  [ "$status" -eq 3 ]
  [ "$(cat calls)" = 200 ]
  [ "$(wc -l <out)" -eq 200 ]
  status=0
  killat -k 60 -o calls -- ./threads >out || status=$?
  [ "$status" -eq 137 ]
  [ "$(cat calls)" = '60 write' ]
  written=$(wc -l <out) # the other threads may have had a call of their own under way
  [ "$written" -ge 56 ]
  [ "$written" -le 62 ]
  run killat -o calls -- sh -c '/bin/echo child; (echo another); echo own'
  [ "$output" = $'child\nanother\nown' ]
  [ "$(cat calls)" = 1 ]
}

gone() { [ ! -e "/proc/$1" ] || grep -q '^State:.Z' "/proc/$1/status"; }

@test "killat killed takes the program with it; told to end, it tells the program" {
  killat -- sh -c 'echo $$ >pid; exec sleep 60' 3>&- &
  killer=$!
  until [ -s pid ]; do sleep 0.02; done
  kill -KILL "$killer"
  wait "$killer" || true
  until gone "$(cat pid)"; do sleep 0.02; done
  rm pid
  killat -o calls -- sh -c 'trap "echo told; exit 5" TERM; echo $$ >pid; while :; do sleep 0.05; done' >out 3>&- &
  killer=$!
  until [ -s pid ]; do sleep 0.02; done
  kill -STOP "$(cat pid)"
  kill -CONT "$(cat pid)"
  kill -TERM "$killer"
  status=0
  wait "$killer" || status=$?
  [ "$status" -eq 5 ]
  [ "$(cat out)" = told ]
}

# -- portal.bash --

# portal: a sandbox that is set up, its database in PORTAL_DB.
portal() {
  load fault/portal.bash
  load hs-sandbox-helper
  PORTAL_DB=$PWD/portal.db
  start_sandbox --db "$PORTAL_DB" --rate 0 --search-rate 0
  hs-tasks setup -q
}
# linked TYPE PROPERTIES CONTACT ASSOCIATION-TYPE: a record with a link; prints its id.
linked() {
  api POST "$O/$1" "{\"properties\":$2,\"associations\":[{\"to\":{\"id\":\"$3\"},\"types\":[{\"associationCategory\":\"HUBSPOT_DEFINED\",\"associationTypeId\":$4}]}]}" |
    jq -re .id
}
# task SUBJECT STATUS DONE CONTACT, note PROPERTIES CONTACT
task() { linked tasks "{\"hs_timestamp\":\"2026-01-05\",\"hs_task_subject\":\"$1\",\"hs_task_status\":\"$2\",\"leadpipe_done\":\"$3\"}" "$4" 204; }
note() { linked notes "{\"hs_timestamp\":\"2026-01-05\",$1}" "$2" 202; }

@test "the portal's assertions say nothing of a portal that is as it should be" {
  portal
  a=$(make contacts '{"email":"a@b.co"}') b=$(make contacts '{"email":"b@b.co"}')
  task 'Enrich A' COMPLETED run1 "$a"
  task 'Enrich B' COMPLETED run1 "$b"
  task 'Enrich C' NOT_STARTED '' "$b"
  note '"hs_note_body":"x","leadpipe_key":"k1"' "$a"
  note '"hs_note_body":"x [leadpipe k2]"' "$b"
  linked tasks '{"hs_timestamp":"2026-01-05","hs_task_subject":"Qualify A","hs_task_status":"WAITING","leadpipe_key":"k3"}' "$a" 204
  linked tasks '{"hs_timestamp":"2026-01-05","hs_task_subject":"Qualify B","hs_task_status":"DEFERRED","hs_task_body":"[leadpipe k4]"}' "$b" 204
  note '"hs_note_body":"a person"' "$a"
  note '"hs_note_body":"a person"' "$a"
  for question in portal_duplicate_notes portal_duplicate_followups portal_completed_twice portal_leases_left \
    'portal_completed_without_effects Enrich% note followup'; do
    # shellcheck disable=SC2086  # words
    run assert_none $question
    echo "$output"
    [ "$status" -eq 0 ]
    [ "$output" = '' ]
  done
  [ "$(portal_count_status)" = $'COMPLETED|2\nDEFERRED|1\nNOT_STARTED|1\nWAITING|1' ]
  [ "$(portal_count_status 'Enrich%')" = $'COMPLETED|2\nNOT_STARTED|1' ]
}

@test "the portal's assertions find what is doubled, by property and by marker, but not what was archived" {
  portal
  a=$(make contacts '{"email":"a@b.co"}')
  one=$(note '"hs_note_body":"x [leadpipe k1] y"' "$a") two=$(note '"hs_note_body":"z[leadpipe k1]"' "$a")
  run assert_none portal_duplicate_notes
  [ "$status" -eq 1 ]
  [ "$output" = "portal_duplicate_notes:"$'\n'"k1|2|$one $two" ]
  # By property, where the portal cannot keep it unique; and a follow-up that has it in its body alone.
  sqlite3 "$PORTAL_DB" 'DROP INDEX "tasks.leadpipe_key"'
  one=$(make tasks '{"hs_timestamp":"2026-01-05","leadpipe_key":"k2"}') two=$(make tasks '{"hs_timestamp":"2026-01-05","hs_task_body":"[leadpipe k2]"}')
  [ "$(portal_duplicate_followups)" = "k2|2|$one $two" ]
  call DELETE "$O/tasks/$two"
  assert_none portal_duplicate_followups
}

@test "the portal's assertions find tasks completed twice or without an effect, and leases that are left" {
  portal
  a=$(make contacts '{"email":"a@b.co"}') b=$(make contacts '{"email":"b@b.co"}')
  one=$(task 'Enrich A' COMPLETED run1 "$a") two=$(task 'Enrich A again' COMPLETED run1 "$a") three=$(task 'Enrich B' COMPLETED run1 "$b")
  call PATCH "$O/tasks/$three" '{"properties":{"leadpipe_done":"run2"}}'
  call PATCH "$O/tasks/$one" '{"properties":{"leadpipe_done":"run1"}}'
  [ "$(portal_completed_twice)" = "$three|run1,run2" ]
  note '"hs_note_body":"[leadpipe k1]"' "$a"
  note '"hs_note_body":"[leadpipe k2]"' "$b"
  run assert_none portal_completed_without_effects 'Enrich%' note followup
  [ "$status" -eq 1 ]
  [ "$output" = "portal_completed_without_effects Enrich% note followup:
$one|notes
$two|notes
$one|tasks
$two|tasks
$three|tasks" ]
  held=$(make tasks '{"hs_timestamp":"2026-01-05","hs_task_status":"IN_PROGRESS","leadpipe_lease":"run3"}')
  kept=$(make tasks '{"hs_timestamp":"2026-01-05","hs_task_status":"NOT_STARTED","leadpipe_lease":"run4"}')
  make tasks '{"hs_timestamp":"2026-01-05","hs_task_status":"COMPLETED","leadpipe_lease":"run5"}'
  [ "$(portal_leases_left)" = "$held|IN_PROGRESS|run3"$'\n'"$kept|NOT_STARTED|run4" ]
}

@test "an assertion that cannot look fails" {
  portal
  PORTAL_DB=$PWD/empty.db
  run assert_none portal_leases_left
  [ "$status" -eq 1 ]
  [[ $output == *'no such table: tasks'* ]]
  run assert_none portal_completed_without_effects 'Enrich%' zork
  [ "$status" -eq 1 ]
}

@test "portal_settle waits for the last late effect" {
  load fault/portal.bash
  load hs-sandbox-helper
  start_sandbox --db portal.db --fail late=100%:700ms
  run curl -sS -H 'Authorization: Bearer sandbox-token' -H 'Content-Type: application/json' -d '{"properties":{"email":"a@b.co"}}' "$SANDBOX_URL$O/contacts"
  [ "$status" -eq 56 ]
  portal_settle "$SANDBOX_URL"
  [ "$(sqlite3 portal.db 'select count(*) from contacts')" -eq 1 ]
}

@test "claim, complete, upsert and create are killed at every 41st call, and run again: nothing is doubled, nothing lost" {
  run env BUILD="$LEADPIPE_BUILD" "$PROJECT/tests/fault/every-k" 41
  echo "$output"
  [ "$status" -eq 0 ]
  [ "$(awk 'NR > 1 { print $1, ($3 > 5), $4 }' <<<"$output" | xargs)" = 'claim 1 0 complete 1 0 upsert 1 0 create 1 0' ]
}

@test "sixteen claimers on two machines, killed all the while, on a search that lags: each task is completed once" {
  run env BUILD="$LEADPIPE_BUILD" LIMIT=300 "$PROJECT/tests/fault/race" 40 15
  echo "$output"
  [ "$status" -eq 0 ]
  [ "$(grep -c '  ok$' <<<"$output")" -eq 7 ]
}
