#!/usr/bin/env bats
# hs-tasks: list, join, setup, and the bad days of all verbs.
# shellcheck disable=SC2016  # the dollars in single quotes are jq's

setup() { load helper; load hs-tasks-helper; }
teardown() { stop_sandbox; }

# ended PID: waits for it; its exit status is in `status`.
ended() { status=0; wait "$1" || status=$?; }

# -- list --

@test "list prints tasks by due date with contact and company, and changes nothing" {
  portal
  acme=$(make companies '{"name":"Acme","domain":"acme.example"}')
  ann=$(make contacts '{"firstname":"Ann","email":"ann@acme.example"}' "[{\"to\":{\"id\":\"$acme\"},\"types\":[{\"associationCategory\":\"HUBSPOT_DEFINED\",\"associationTypeId\":279}]}]")
  second=$(task 'Qualify Lead: Ann' "$ann" '{"hs_timestamp":"2026-01-03"}')
  first=$(task 'Call Ann' "$ann" '{"hs_timestamp":"2026-01-02","hs_task_status":"WAITING","hs_task_priority":"LOW"}')
  alone=$(task 'Call nobody' '' '{"hs_timestamp":"2026-01-04","hubspot_owner_id":"71002"}')
  run --separate-stderr hs-tasks list --now "$NOW"
  [ "$status" -eq 0 ]
  [ "$stderr" = '' ]
  [ "$(jq -r .task.id <<<"$output")" = "$first"$'\n'"$second"$'\n'"$alone" ]
  [ "$(jq -c '[keys_unsorted[]]' <<<"$output")" = '["task","contact","company","read_at"]
["task","contact","company","read_at"]
["task"]' ]
  [ "$(jq -r '.contact.properties.email, .company.properties.name, .read_at' <<<"${lines[0]}")" = $'ann@acme.example\nAcme\n2026-01-05T09:00:00.000Z' ]
  ids() { hs-tasks list --now "$NOW" "$@" | jq -r .task.id | xargs; }
  [ "$(ids -n 1)" = "$first" ]
  [ "$(ids -n 0)" = '' ]
  [ "$(ids --status WAITING,COMPLETED)" = "$first" ]
  [ "$(ids --priority LOW)" = "$first" ]
  [ "$(ids --type qualify)" = "$second" ]
  [ "$(ids --type other)" = "$first $alone" ]
  [ "$(ids --owner human)" = "$alone" ]
  [ "$(ids --owner sales-team@leadpipe.example)" = "$alone" ]
  [ "$(ids --owner 71002)" = "$alone" ]
  [ "$(ids --due-after 2026-01-03)" = "$second $alone" ]
  [ "$(ids --due-before 2026-01-03)" = "$first $second" ]
  [ "$(ids --due-after 2026-01-03 --due-before 2026-01-03)" = "$second" ]
  [ "$(ids --due-before today --where '.contact.properties.firstname == "Ann"' -n 1)" = "$first" ]
  [ "$(hs-tasks list --no-join | jq -c keys | sort -u)" = '["task"]' ]
}

@test "list joins in batches: three hundred tasks cost eight calls" {
  portal --demo
  before=$(calls)
  [ "$(hs-tasks list -n 300 | jq -r .contact.id | grep -c .)" -ge 299 ]
  # 2 searches, 3 associations at most, 3 times contacts, companies
  [ $(($(calls) - before)) -le 11 ]
}

@test "list with a wrong option, status or route says so" {
  run --separate-stderr hs-tasks list --type nonsense --api-url http://127.0.0.1:9
  [ "$status" -eq 77 ]
  export HUBSPOT_ACCESS_TOKEN=x
  run --separate-stderr hs-tasks list --type nonsense --api-url http://127.0.0.1:9
  [ "$status" -eq 2 ]
  [ "${stderr_lines[0]}" = "hs-tasks: --type: $PROJECT/share/workflow.json has no route \"nonsense\"" ]
  run --separate-stderr hs-tasks list operand
  [ "$status" -eq 2 ]
  run --separate-stderr hs-tasks list --due-before soon
  [ "$status" -eq 2 ]
  [ "${stderr_lines[0]}" = 'hs-tasks: --due-before wants a time such as 2026-11-23T09:00:00Z, today or "in 2 days", not "soon"' ]
  run --separate-stderr hs-tasks list --where '.['
  [ "$status" -eq 2 ]
  run --separate-stderr hs-tasks list --api v2
  [ "$status" -eq 2 ]
  [ "${stderr_lines[0]}" = 'hs-tasks: --api is v3 or 2026-03, not "v2"' ]
}

# -- join --

@test "join reads contact and company by id, e-mail and task, in order, and leaves new leads alone" {
  portal
  acme=$(make companies '{"name":"Acme","domain":"acme.example"}')
  ann=$(make contacts '{"firstname":"Ann","email":"ann@acme.example"}' "[{\"to\":{\"id\":\"$acme\"},\"types\":[{\"associationCategory\":\"HUBSPOT_DEFINED\",\"associationTypeId\":279}]}]")
  bob=$(contact Bob bob@x.example)
  id=$(task 'Call Ann' "$ann")
  cat >in.jsonl <<EOF
{"contact":{"id":"$bob"},"n":12345678901234567890.10}
{ "email" : "ANN@acme.example", "Company":"x" }
{"contact":{"properties":{"email":"new@x.example"}}}
{"task":{"id":"$id"}}
{"contact":{"id":"99999999"}}
{"name":"no key"}
{"contact":{"id":"$bob"}}
EOF
  run --separate-stderr hs-tasks join --now "$NOW" in.jsonl
  [ "$status" -eq 1 ]
  [ "$stderr" = '' ]
  [ "${#lines[@]}" -eq 7 ]
  [ "$(jq -r '.contact.properties.firstname // "-"' <<<"$output" | xargs)" = 'Bob Ann - Ann - - Bob' ]
  [ "$(jq -r '.company.properties.name // "-"' <<<"$output" | xargs)" = '- Acme - Acme - - -' ]
  [[ ${lines[0]} == *',"n":12345678901234567890.10,"read_at":"2026-01-05T09:00:00.000Z"}' ]]
  [[ ${lines[1]} == '{ "email" : "ANN@acme.example", "Company":"x" ,"contact":{'* ]]
  [ "${lines[2]}" = '{"contact":{"properties":{"email":"new@x.example"}}}' ]
  [ "$(jq -c .error <<<"${lines[4]}")" = '{"tool":"hs-tasks","code":"not_found","message":"the CRM has no contact 99999999","retryable":false}' ]
  [ "${lines[5]}" = '{"name":"no key"}' ]
}

@test "join reads anew what a record has already: today's values, read_at, and every other byte as it was" {
  portal
  acme=$(make companies '{"name":"Acme","domain":"acme.example"}')
  ann=$(make contacts '{"firstname":"Ann","email":"ann@acme.example"}' "[{\"to\":{\"id\":\"$acme\"},\"types\":[{\"associationCategory\":\"HUBSPOT_DEFINED\",\"associationTypeId\":279}]}]")
  gone=$(contact Bob bob@x.example)
  hs-tasks contacts --now 2026-01-01T00:00:00Z | jq -c '.qualification = {score: 1}' >old.jsonl
  api PATCH "$O/contacts/$ann" '{"properties":{"firstname":"Änn","email":"new@acme.example"}}' >/dev/null
  api PATCH "$O/companies/$acme" '{"properties":{"name":"Acme 2"}}' >/dev/null
  api DELETE "$O/contacts/$gone"
  run --separate-stderr hs-tasks join --now "$NOW" old.jsonl
  [ "$status" -eq 1 ]
  [ "$(jq -r '.contact.id, .contact.properties.firstname, .contact.properties.email, .company.properties.name, .read_at, .qualification.score' <<<"${lines[0]}")" = \
    "$ann"$'\nÄnn\nnew@acme.example\nAcme 2\n2026-01-05T09:00:00.000Z\n1' ]
  [ "$(jq -c 'keys_unsorted' <<<"${lines[0]}")" = '["contact","company","read_at","qualification"]' ]
  # What is gone keeps what was known of it, and when.
  [ "$(jq -r '.error.code, .contact.properties.firstname, .read_at' <<<"${lines[1]}")" = $'not_found\nBob\n2026-01-01T00:00:00.000Z' ]
  [ "$(hs-tasks join --retry --now "$NOW" <<<"${lines[1]}" | jq -r .error.code)" = not_found ]
}

@test "a company that is gone is said, and keeps what was known of it" {
  portal
  acme=$(make companies '{"name":"Acme","domain":"acme.example"}')
  ann=$(make contacts '{"firstname":"Ann","email":"ann@acme.example"}' "[{\"to\":{\"id\":\"$acme\"},\"types\":[{\"associationCategory\":\"HUBSPOT_DEFINED\",\"associationTypeId\":279}]}]")
  hs-tasks contacts >old.jsonl
  api DELETE "$O/companies/$acme"
  for option in '' '--max-age=1h' '--max-age=1h'; do
    run --separate-stderr hs-tasks join ${option:+"$option"} --now "$NOW" old.jsonl
    [ "$status" -eq 1 ]
    [ "$(jq -r '.contact.properties.firstname, .company.properties.name, .error.code, .error.message' <<<"$output")" = \
      $'Ann\nAcme\nnot_found\nthe CRM has no company '"$acme" ]
  done
}

@test "join passes errors and bad lines, and takes both ends of input" {
  portal
  bad='{"error":{"tool":"x","code":"y"},"contact":{"id":"1"}}'
  run --separate-stderr hs-tasks join <<<"$bad"
  [ "$status" -eq 1 ]
  [ "$output" = "$bad" ]
  run --separate-stderr hs-tasks join </dev/null
  [ "$status" -eq 0 ]
  [ "$output" = '' ]
  run --separate-stderr hs-tasks join <<<'[1]'
  [ "$status" -eq 1 ]
  [ "$(jq -r '.error.code, .error.input' <<<"$output")" = $'not_an_object\n[1]' ]
  ann=$(contact Ann ann@x.example)
  [ "$(printf '{"email":"ann@x.example"}' | hs-tasks join | jq -r .contact.id)" = "$ann" ]
}

@test "join --max-age takes what it read before, and says when that was; without it nothing is kept" {
  portal
  acme=$(make companies '{"name":"Acme"}')
  ann=$(make contacts '{"firstname":"Ann","email":"ann@acme.example"}' "[{\"to\":{\"id\":\"$acme\"},\"types\":[{\"associationCategory\":\"HUBSPOT_DEFINED\",\"associationTypeId\":279}]}]")
  printf '{"email":"%s"}\n' ann@acme.example new@x.example >in.jsonl
  printf '{"contact":{"id":"%s"}}\n' "$ann" 99999999 >>in.jsonl
  hs-tasks join in.jsonl >/dev/null || [ $? -eq 1 ]
  [ ! -e "$LEADPIPE_HOME/cache/cache.db" ]
  run --separate-stderr hs-tasks join --max-age 1h --now "$NOW" in.jsonl
  [ "$status" -eq 1 ]
  first=$output
  before=$(calls)
  api PATCH "$O/contacts/$ann" '{"properties":{"firstname":"Anna"}}' >/dev/null
  run --separate-stderr hs-tasks join --max-age 1h --now 2026-01-05T09:30:00Z in.jsonl
  [ "$status" -eq 1 ]
  [ "$stderr" = '' ]
  [ "$output" = "$first" ]
  [ "$(jq -r '.read_at // .error.code // "-"' <<<"$output" | xargs)" = '2026-01-05T09:00:00.000Z - 2026-01-05T09:00:00.000Z not_found' ]
  [ "$(calls)" -eq $((before + 1)) ] # the PATCH
  # fresh where nothing older is wanted, and kept again
  [ "$(hs-tasks join --max-age 0 in.jsonl | jq -r '.contact.properties.firstname // empty' | xargs)" = 'Anna Anna' ]
  [ "$(hs-tasks join in.jsonl | jq -r '.contact.properties.firstname // empty' | xargs)" = 'Anna Anna' ]
  [ "$(hs-tasks join --max-age 1h in.jsonl | jq -r '.contact.properties.firstname // empty' | xargs)" = 'Anna Anna' ]
  # another token is another's business
  after=$(calls)
  HUBSPOT_ACCESS_TOKEN=wrong run --separate-stderr hs-tasks join --max-age 1h in.jsonl
  [ "$status" -eq 77 ]
  [ "$(calls)" -gt "$after" ]
}

# -- setup --

@test "setup --dry-run writes nothing; setup makes what is missing once; check then finds all there" {
  start_sandbox --rate 0 --search-rate 0
  run --separate-stderr hs-tasks setup --dry-run
  [ "$status" -eq 0 ]
  [ "$(jq -r .method <<<"$output" | sort -u)" = POST ]
  run --separate-stderr hs-tasks check
  [ "$status" -eq 1 ]
  grep -q '^FAIL  settings     the portal is not set up: run hs-tasks setup$' <<<"$output"
  grep -q '^FAIL  properties   tasks: 6 missing, .*: run hs-tasks setup$' <<<"$output"
  run --separate-stderr hs-tasks setup
  [ "$status" -eq 0 ]
  grep -q '^tasks      leadpipe_key               made, unique$' <<<"$output"
  run --separate-stderr hs-tasks setup
  [ "$status" -eq 0 ]
  [ "$output" = 'all there, nothing to do' ]
  run --separate-stderr hs-tasks check
  [ "$status" -eq 0 ]
  [ "$(grep -cv '^ok ' <<<"$output")" -eq 0 ]
  grep -q '^ok    settings     window 5000 ms, settle wait 0 ms, keys of tasks unique$' <<<"$output"
  grep -q '^ok    owner        human is 71002$' <<<"$output"
}

@test "setup keeps the settings that other claimers go by" {
  start_sandbox --rate 0 --search-rate 0
  hs-tasks setup -q
  api PATCH /crm/properties/2026-03/tasks/leadpipe_lease '{"description":"{\"window_ms\":700,\"settle_ms\":800}"}' >/dev/null
  hs-tasks setup -q
  run hs-tasks check
  grep -q '^ok    settings     window 700 ms, settle wait 800 ms, keys of tasks unique$' <<<"$output"
}

# -- bad days --

@test "a source without server, token or quota ends with one error record, its status, and that of the pipe" {
  export HUBSPOT_ACCESS_TOKEN=x HUBSPOT_API_URL=http://127.0.0.1:9
  for verb in list claim; do
    run --separate-stderr hs-tasks "$verb"
    [ "$status" -eq 69 ]
    [ "${#lines[@]}" -eq 1 ]
    [ "$(jq -c '[.error.tool, .error.code, .error.retryable, .task]' <<<"$output")" = '["hs-tasks","service_down",true,null]' ]
  done
  run bash -c 'hs-tasks claim 2>/dev/null | hs-tasks join | hs-tasks complete --dry-run'
  [ "$status" -eq 69 ]
  start_sandbox --daily 1 --search-rate 0
  HUBSPOT_ACCESS_TOKEN=wrong run --separate-stderr hs-tasks list
  [ "$status" -eq 77 ]
  [ "$(jq -r .error.code <<<"$output")" = not_allowed ]
  hs-tasks list >/dev/null || true
  run --separate-stderr hs-tasks list
  [ "$status" -eq 75 ]
  [ "$(jq -r .error.code <<<"$output")" = try_later ]
}

@test "complete without server or with a wrong token prints every record, in order, with the reason" {
  portal
  for name in Ann Bea Cid; do task "Enrich Data for $name" "$(contact "$name")"; done
  claim | enriched >records
  HUBSPOT_ACCESS_TOKEN=wrong run --separate-stderr complete records
  [ "$status" -eq 77 ]
  [ "$(jq -r .error.code <<<"$output" | xargs)" = 'not_allowed not_allowed not_allowed' ]
  [ "$(jq -c 'del(.error)' <<<"$output")" = "$(cat records)" ]
  [ "$(subjects IN_PROGRESS | wc -l)" -eq 3 ]
  stop_sandbox
  run --separate-stderr complete records
  [ "$status" -eq 69 ]
  [ "$(jq -c '[.error.code, .error.retryable]' <<<"$output" | sort -u)" = '["service_down",true]' ]
  [ "$(jq -c 'del(.error)' <<<"$output")" = "$(cat records)" ]
}

@test "500s, lost answers and a storm of 429s are waited out, and nothing is doubled" {
  portal --db portal.db
  for i in 1 2 3 4 5 6; do task "Enrich Data $i" "$(contact "F$i")"; done
  stop_sandbox
  start_sandbox --db portal.db --rate 0 --search-rate 0 --fail 500=8%,429=10%,reset=5%,lost=5% --seed 5
  run --separate-stderr claim
  [ "$status" -eq 0 ]
  [ "${#lines[@]}" -eq 6 ]
  run --separate-stderr complete < <(enriched <<<"$output")
  [ "$status" -eq 0 ]
  [ "$output" = '' ]
  stop_sandbox
  start_sandbox --db portal.db --rate 0 --search-rate 0
  [ "$(subjects COMPLETED | wc -l)" -eq 6 ]
  [ "$(count notes)" -eq 6 ]
  [ "$(count tasks)" -eq 12 ]
}

@test "the limit of calls is kept: a busy portal refuses none that we could have waited for" {
  start_sandbox --rate 30 --search-rate 0
  hs-tasks setup -q
  for i in 1 2 3; do
    run --separate-stderr hs-tasks list --no-join
    [ "$status" -eq 0 ]
  done
}

@test "a reply that never comes: SIGTERM hands the records back within two seconds" {
  portal
  task 'Enrich Data for Ann' "$(contact Ann)"
  claim | enriched >records
  stop_sandbox
  mkfifo silent
  python3 -c 'import socket
s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen(9)
print(s.getsockname()[1], flush=True)
conns = []
c, _ = s.accept(); conns.append(c); c.recv(1); print("asked", flush=True)
while True: conns.append(s.accept()[0])' >silent 3>&- &
  server=$!
  exec 7<silent
  read -r port <&7
  HUBSPOT_API_URL=http://127.0.0.1:$port hs-tasks complete --now "$NOW" records >out 2>err 3>&- 7<&- &
  tool=$!
  read -r _ <&7
  start=$(date +%s%3N)
  kill -TERM "$tool"
  ended "$tool"
  took=$(($(date +%s%3N) - start))
  kill "$server"
  exec 7<&-
  [ "$status" -eq 1 ]
  [ "$took" -lt 2000 ]
  [ "$(jq -c '[.error.code, .error.retryable]' out)" = '["interrupted",true]' ]
  [ "$(jq -c 'del(.error)' out)" = "$(cat records)" ]
}

@test "a copy of a portal is not written to with the settings of the original" {
  portal
  ann=$(contact Ann a@x.example)
  id=$(task 'Enrich Data for Ann' "$ann")
  api PATCH /crm/properties/2026-03/tasks/leadpipe_lease '{"description":"{\"portal\":\"4711\",\"window_ms\":5000,\"settle_ms\":0}"}' >/dev/null
  run --separate-stderr claim
  [ "$status" -eq 77 ]
  [ "$(jq -r .error.code <<<"$output")" = not_allowed ]
  [[ $stderr == 'hs-tasks: claim: the token is of portal '*', but its settings were made for portal 4711: nothing is written; run hs-tasks setup if it is a copy' ]]
  [ "$(state "$id")" = NOT_STARTED ]
  [ "$(get tasks "$id" leadpipe_lease)" = '' ]
}

@test "a token never goes out in the clear" {
  export HUBSPOT_ACCESS_TOKEN=x
  run --separate-stderr hs-tasks list --api-url http://192.0.2.1
  [ "$status" -eq 77 ]
  [ "$stderr" = 'hs-tasks: http://192.0.2.1: a token goes over https only, except to this machine' ]
}

@test "the token is read from a file of mode 0600 only, and never shown" {
  portal
  unset HUBSPOT_ACCESS_TOKEN
  echo sandbox-token >token
  chmod 644 token
  run --separate-stderr hs-tasks list --token-file token
  [ "$status" -eq 77 ]
  chmod 600 token
  run --separate-stderr hs-tasks list -v --token-file token --trace spans.jsonl
  [ "$status" -eq 0 ]
  run ! grep sandbox-token spans.jsonl
  [[ $stderr != *sandbox-token* ]]
  [ "$(jq -r .op spans.jsonl)" = crm.search ]
}

@test "bad lines come out as error records, and the rest is worked" {
  portal
  ann=$(contact Ann)
  task 'Enrich Data for Ann' "$ann"
  claim | enriched >records
  { printf 'nonsense\n\n{"a":1}\n[]\n{"s":"a\0b"}\n'; head -c 2000000 /dev/zero | tr '\0' x; echo; printf %s "$(cat records)"; } >in
  run --separate-stderr complete in
  [ "$status" -eq 1 ]
  [ "$(jq -r .error.code <<<"$output" | xargs)" = 'bad_json no_task not_an_object bad_json line_too_long' ]
  [ "$(subjects COMPLETED)" = 'Enrich Data for Ann' ]
}

@test "a full disk is status 74, an empty input 0 without a call" {
  portal
  task 'Enrich Data for Ann' "$(contact Ann)"
  for verb in list claim; do
    run bash -c "hs-tasks $verb >/dev/full"
    [ "$status" -eq 74 ]
  done
  before=$(calls)
  for verb in complete join 'create --subject x'; do
    run --separate-stderr bash -c "hs-tasks $verb </dev/null"
    [ "$status" -eq 0 ]
    [ "$output" = '' ]
  done
  [ "$(calls)" -eq "$before" ]
}

@test "a closed pipe ends a source quietly" {
  portal --demo
  run --separate-stderr bash -c 'hs-tasks list | head -n 1 | jq -r .task.id'
  [ "$status" -eq 0 ]
  [ "$stderr" = '' ]
}

@test "a mistake in the workflow file is status 2, with line and member" {
  jq --tab '.routes[0].contact.jobtitle = "1 +"' "$PROJECT/share/workflow.json" >workflow.json
  line=$(grep -n '"jobtitle": "1 +"' workflow.json | cut -d: -f1)
  run --separate-stderr hs-tasks complete --dry-run --workflow workflow.json <<<'{"task":{"id":"1"}}'
  [ "$status" -eq 2 ]
  [ "$output" = '' ]
  [[ $stderr == "hs-tasks: workflow.json:$line: routes.enrich.contact.jobtitle: "* ]]
  echo '{"version":1,' >workflow.json
  run --separate-stderr hs-tasks complete --dry-run --workflow workflow.json </dev/null
  [ "$status" -eq 2 ]
  [ "$stderr" = 'hs-tasks: workflow.json:2:1: expected a member name' ] || [ "$stderr" = 'hs-tasks: workflow.json:2:1: unexpected end' ]
  run --separate-stderr hs-tasks list --workflow nowhere.json
  [ "$status" -eq 2 ]
}

@test "the whole flow: enriched today, qualified today, mailed today, and followed up in three days" {
  portal
  ann=$(make contacts '{"firstname":"Ann","lastname":"Lee","email":"ann@x.example"}')
  task 'Enrich Data for Ann' "$ann"
  claim --type enrich | enriched | complete
  claim --type qualify | jq -c '.qualification = {score:91,tier:"HOT",rules:{name:"sf-v1"},reasons:[{rule:"email",points:10,value:"ann@x.example"}]}' | complete
  [ "$(get contacts "$ann" lead_score,lead_tier,lead_qualification_notes)" = $'91\nHOT\n10 email: ann@x.example' ]
  claim --type outreach | jq -c '.outreach = {state:"sent",to:"ann@x.example",from:"me@x.example",subject:"Hi",text:"Hi",follow_up_days:3}' | complete
  [ "$(hs-tasks list --no-join --status NOT_STARTED | jq -r '.task.properties | "\(.hs_task_subject)|\(.hs_timestamp)|\(.hs_task_priority)|\(.hs_task_type)|\(.hubspot_owner_id)"')" = \
    'Review high-value lead Ann Lee - Score: 91|2026-01-05T10:00:00.000Z|HIGH|TODO|71002
Call high-value lead Ann Lee - Score: 91|2026-01-06T09:00:00.000Z|HIGH|CALL|71002
Follow-up Outreach: Ann Lee|2026-01-08T09:00:00.000Z|HIGH|TODO|71001' ]
  [ "$(count notes)" -eq 2 ]
  [ "$(count emails)" -eq 1 ]
}

@test "spans that cannot be written are status 74, not silence" {
  portal
  run --separate-stderr hs-tasks list -n 1 --trace /dev/full
  [ "$status" -eq 74 ]
  [ "$stderr" = 'hs-tasks: trace file: No space left on device' ]
  run --separate-stderr hs-tasks list -n 1 --trace "$LEADPIPE_HOME/no/such/folder"
  [ "$status" -eq 74 ]
  [ "$stderr" = 'hs-tasks: trace file: No such file or directory' ]
}
