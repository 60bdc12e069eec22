#!/usr/bin/env bats
# hs-tasks complete: what a record does to its task, and that nothing is done twice or to another's task.
# shellcheck disable=SC2016  # the dollars in single quotes are jq's

setup() { load helper; load hs-tasks-helper; }
teardown() { stop_sandbox; }

past() { date -u -d '-1 hour' +%FT%TZ; }

@test "an enriched record writes properties, note and follow-up, and completes its task" {
  portal
  ann=$(contact Ann ann@x.example)
  id=$(task 'Enrich Data for Ann' "$ann")
  claim | enriched >records
  run --separate-stderr complete records
  [ "$status" -eq 0 ]
  [ "$output" = '' ]
  [ "$stderr" = '' ]
  [ "$(get contacts "$ann" jobtitle,company_size,numberofemployees,industry,decision_maker_score,data_quality,enrichment_notes,data_enrichment_date)" = \
    $'CTO\n120\n120\nSaaS\n9\nHIGH\nNothing is missing\n2026-01-05T09:00:00.000Z' ]
  [ "$(get tasks "$id" hs_task_status,leadpipe_done)" = $'COMPLETED\n'"$(jq -r .lease.token records)" ]
  note=$(api GET "$O/contacts/$ann?associations=notes" | jq -r '.associations.notes.results[].id')
  [ "$(get notes "$note" hs_note_body)" = "<strong>Data Enrichment Report</strong><br>Title: CTO<br>Company size: 120<br>Industry: SaaS<br>Decision-maker score: 9<br>Data \
quality: HIGH<br>LinkedIn: unknown<br>Missing data: none<br>Recommended action: Qualify" ]
  follow=$(hs-tasks list --status NOT_STARTED)
  [ "$(jq -r '.contact.id, (.task.properties | .hs_task_subject, .hs_timestamp, .hs_task_priority, .hubspot_owner_id)' <<<"$follow")" = \
    "$ann"$'\nQualify Lead - High Value: Ann\n2026-01-05T09:00:00.000Z\nHIGH\n71001' ]
}

@test "a second run of the same records changes nothing and makes no call to write" {
  portal
  task 'Enrich Data for Ann' "$(contact Ann)"
  claim | enriched >records
  complete records
  before="$(count notes) $(count tasks)"
  run --separate-stderr complete -v records
  [ "$status" -eq 0 ]
  [[ $stderr == *', 0 writes;'* ]]
  [ "$(count notes) $(count tasks)" = "$before" ]
}

@test "after a crash before the status, the next run completes and doubles nothing" {
  portal
  id=$(task 'Enrich Data for Ann' "$(contact Ann)")
  claim | enriched >records
  complete records
  set_task "$id" '{"hs_task_status":"IN_PROGRESS","leadpipe_done":""}'
  run --separate-stderr complete records
  [ "$status" -eq 0 ]
  [ "$output" = '' ]
  [ "$(state "$id")" = COMPLETED ]
  [ "$(count notes)" -eq 1 ]
  [ "$(count tasks)" -eq 2 ]
}

@test "a task that a person opened again is worked anew, with a note of its own" {
  portal
  id=$(task 'Enrich Data for Ann' "$(contact Ann)")
  claim | enriched | complete
  set_task "$id" '{"hs_task_status":"NOT_STARTED"}'
  claim --type enrich | enriched | complete
  [ "$(state "$id")" = COMPLETED ]
  [ "$(count notes)" -eq 2 ]
}

@test "a value that is there stays where the workflow says fill; null and empty never clear" {
  portal
  ann=$(make contacts '{"firstname":"Ann","jobtitle":"Director","phone":"1"}')
  task 'Enrich Data for Ann' "$ann"
  claim | enriched '.enrichment.facts.company_size.value = "" | del(.enrichment.quality)' | complete
  [ "$(get contacts "$ann" jobtitle,phone,industry)" = $'Director\n1\nSaaS' ]
}

@test "a retryable error puts the task back with a pause; the last attempt parks it" {
  portal
  ann=$(contact Ann)
  id=$(task 'Enrich Data for Ann' "$ann")
  claim | jq -c '.error = {tool:"enrich",code:"fetch_failed",message:"no route",retryable:true}' >records
  run --separate-stderr complete records
  [ "$status" -eq 1 ]
  [ "$output" = '' ]
  [ "$(get tasks "$id" hs_task_status,hs_timestamp,leadpipe_attempt,leadpipe_reason,leadpipe_lease)" = $'NOT_STARTED\n2026-01-05T09:05:00.000Z\n1\nno route' ]
  [ "$(claim)" = '' ]
  [ "$(NOW=2026-01-05T09:05:00Z claim | tee records | jq .lease.attempt)" -eq 2 ]
  jq -c '.lease.attempt = 5 | .error = {tool:"enrich",code:"fetch_failed",message:"no route",retryable:true}' records | complete || [ $? -eq 1 ]
  [ "$(get tasks "$id" hs_task_status,leadpipe_reason)" = $'WAITING\nGiven up after the last attempt: no route' ]
}

@test "another error parks the task, and the reason stands as text, whatever it holds" {
  portal
  ann=$(contact Ann)
  id=$(task 'Enrich Data for Ann' "$ann")
  claim | jq -c '.error = {tool:"x",code:"broken",message:"<script>\"a\"\r\n\u001b[31m & b",retryable:false}' | complete || [ $? -eq 1 ]
  [ "$(get tasks "$id" hs_task_status)" = WAITING ]
  [ "$(get tasks "$id" leadpipe_reason)" = '<script>"a"   [31m & b' ]
  [ "$(get tasks "$id" hs_task_body)" = '<p>Leadpipe: &lt;script&gt;&quot;a&quot;   [31m &amp; b</p>' ]
}

@test "a record without a result is printed, and its lease given back" {
  portal
  id=$(task 'Enrich Data for Ann' "$(contact Ann)")
  claim >records
  run --separate-stderr complete records
  [ "$status" -eq 1 ]
  [ "$(jq -c .error <<<"$output")" = '{"tool":"hs-tasks","code":"no_result","message":"the record holds no result of its task: the lease was given back","retryable":false}' ]
  [ "$(jq -c 'del(.error)' <<<"$output")" = "$(cat records)" ]
  [ "$(get tasks "$id" hs_task_status,leadpipe_lease,leadpipe_attempt)" = $'NOT_STARTED\n\n0' ]
  [ "$(claim | jq .lease.attempt)" -eq 1 ]
}

@test "another's task, a closed one and one that is gone are refused, and nothing is written" {
  portal
  ann=$(contact Ann)
  taken=$(task 'Enrich Data 1' "$ann")
  closed=$(task 'Enrich Data 2' "$ann")
  gone=$(task 'Enrich Data 3' "$ann")
  claim | enriched >records
  set_task "$taken" '{"leadpipe_lease":"another"}'
  set_task "$closed" '{"hs_task_status":"COMPLETED"}'
  api DELETE "$O/tasks/$gone"
  run --separate-stderr complete records
  [ "$status" -eq 1 ]
  [ "$(jq -r .error.code <<<"$output" | uniq -c | xargs)" = '3 lease_lost' ]
  [ "$(jq -r .task.id <<<"$output")" = "$taken"$'\n'"$closed"$'\n'"$gone" ]
  [ "$(get contacts "$ann" data_quality)" = '' ]
  [ "$(count notes)" -eq 0 ]
  [ "$(state "$taken")" = IN_PROGRESS ]
}

@test "a lease that ran out with its token still there, and a free task without a lease, are claimed first" {
  portal
  ann=$(contact Ann)
  slow=$(task 'Enrich Data 1' "$ann")
  free=$(task 'Enrich Data 2' "$ann" '{"hs_timestamp":"2026-02-01T00:00:00Z"}')
  claim | enriched >records
  set_task "$slow" "{\"leadpipe_expires\":\"$(past)\"}"
  jq -c --arg id "$free" 'del(.lease) | .task.id = $id' records >again
  run --separate-stderr complete records again
  [ "$status" -eq 0 ]
  [ "$output" = '' ]
  [ "$(state "$slow")" = COMPLETED ]
  [ "$(state "$free")" = COMPLETED ]
  [ "$(get tasks "$slow" leadpipe_done)" != "$(jq -r .lease.token records)" ]
}

@test "the states of a mail decide: approval, sent, suppressed, deferred, failed" {
  portal
  ann=$(make contacts '{"firstname":"Ann","email":"ann@x.example","company":"Acme \"A\" & Co"}')
  for i in 1 2 3 4 5; do task "Send Outreach - HOT Lead: Ann $i" "$ann" "{\"hs_timestamp\":\"2026-01-0$i\"}"; done
  claim | jq -c '.outreach = {at:"2026-01-05T09:00:00.000Z", message_id:"<1@x>", to:"ann@x.example", from:"Leadpipe <me@leadpipe.example>", subject:"Hi",
    text:"Hello", html:"<p>Hello</p>", follow_up_days:3}' >records
  states=(rendered suppressed deferred failed sent)
  for i in 0 1 2 3 4; do
    sed -n "$((i + 1))p" records | jq -c --arg s "${states[$i]}" '.outreach += {state:$s} + if $s == "deferred" then {due:"2026-01-09T08:00:00Z"} else {reason:"because"} end'
  done >worked
  run --separate-stderr complete worked
  [ "$status" -eq 0 ]
  [ "$output" = '' ]
  got=$(jq -r .task.id worked | while read -r id; do get tasks "$id" hs_task_status,leadpipe_reason,hs_timestamp | xargs; done)
  [ "$got" = 'WAITING mail awaits approval 2026-01-01T00:00:00.000Z
COMPLETED 2026-01-02T00:00:00.000Z
NOT_STARTED 2026-01-09T08:00:00.000Z
WAITING Outreach failed: because 2026-01-04T00:00:00.000Z
COMPLETED 2026-01-05T00:00:00.000Z' ]
  # The failed one is a dead letter; the one that a person has yet to read is not.
  [ "$(hs-tasks dead list | jq -r .task.properties.leadpipe_reason)" = 'Outreach failed: because' ]
  [ "$(count emails)" -eq 1 ]
  mail=$(api GET "$O/contacts/$ann?associations=emails" | jq -r '.associations.emails.results[].id')
  [ "$(get emails "$mail" hs_email_subject,hs_email_direction,hs_email_status,hs_email_text,hs_email_headers)" = \
    $'Hi\nEMAIL\nSENT\nHello\n{"from":{"email":"me@leadpipe.example"},"to":[{"email":"ann@x.example"}]}' ]
  [ "$(get contacts "$ann" outreach_status,last_outreach_date,next_follow_up)" = $'CONTACTED\n2026-01-05T09:00:00.000Z\n2026-01-08T09:00:00.000Z' ]
  [ "$(subjects NOT_STARTED | head -n 1)" = 'Follow-up Outreach: Ann at Acme "A" & Co' ]
  # The waiting mail is approved and sent later: its record still finishes the task.
  head -n 1 worked | jq -c '.outreach.state = "sent"' >sent
  run --separate-stderr complete sent
  [ "$status" -eq 0 ]
  [ "$(state "$(jq -r .task.id sent)")" = COMPLETED ]
  [ "$(count emails)" -eq 2 ]
}

@test "what two tasks write to one contact is one update, and the later record wins" {
  portal
  ann=$(contact Ann)
  task 'Enrich Data 1' "$ann" '{"hs_timestamp":"2026-01-01"}'
  task 'Enrich Data 2' "$ann" '{"hs_timestamp":"2026-01-02"}'
  claim | enriched '.enrichment.decision_maker_score = (if .task.properties.hs_task_subject == "Enrich Data 2" then 3 else 8 end)' >records
  updates=$(complete --dry-run records | jq -c 'select(.path | test("contacts/batch/update")) | .body.inputs')
  [ "$(jq length <<<"$updates")" -eq 1 ]
  [ "$(jq -r '.[0].properties.decision_maker_score' <<<"$updates")" = 3 ]
  complete records
  [ "$(get contacts "$ann" decision_maker_score)" = 3 ]
  [ "$(count notes)" -eq 2 ]
}

@test "one record that HubSpot refuses is parked and printed; the rest of its batch goes through" {
  portal
  for name in Ann Bea Cid Dan; do task "Enrich Data for $name" "$(contact "$name")"; done
  claim | enriched '.enrichment.quality = (if .contact.properties.firstname == "Cid" then "SPLENDID" else "HIGH" end)' >records
  run --separate-stderr complete records
  [ "$status" -eq 1 ]
  [ "$(jq -r '.contact.properties.firstname, .error.code, .error.retryable' <<<"$output")" = $'Cid\ncrm_refused\nfalse' ]
  [[ $(jq -r .error.message <<<"$output") == *SPLENDID* ]]
  [ "$(subjects COMPLETED)" = $'Enrich Data for Ann\nEnrich Data for Bea\nEnrich Data for Dan' ]
  [ "$(subjects WAITING)" = 'Enrich Data for Cid' ]
  # Mended, the printed record is valid input.
  jq -c '.enrichment.quality = "LOW"' <<<"$output" >mended
  run --separate-stderr complete --retry mended
  [ "$status" -eq 0 ]
  [ "$(subjects WAITING)" = '' ]
}

@test "a second record of the same task is refused, not written twice" {
  portal
  task 'Enrich Data for Ann' "$(contact Ann)"
  claim | enriched >one
  jq -c '.lease.token = "another"' one >two
  run --separate-stderr complete one two
  [ "$status" -eq 1 ]
  [ "$(jq -r .error.code <<<"$output")" = lease_lost ]
  [ "$(count notes)" -eq 1 ]
}

@test "names from strangers stay text: quotes, markup, line ends, escapes" {
  portal
  ann=$(make contacts "$(jq -nc '{firstname:"A\"n\\n<script>alert(1)</script>", lastname:"L\r\n\u001b[1mÜ 🎉 {x}"}')")
  task 'Enrich Data' "$ann"
  claim | enriched | complete
  [ "$(subjects NOT_STARTED)" = "$(printf 'Qualify Lead - High Value: A"n\\n<script>alert(1)</script> L   [1mÜ 🎉 {x}')" ]
}

@test "--pass prints every record as it came; --if leaves the others alone" {
  portal
  for name in Ann Bea; do task "Enrich Data for $name" "$(contact "$name")"; done
  claim | enriched >records
  run --separate-stderr complete --pass --if '.contact.properties.firstname == "Bea"' records
  [ "$status" -eq 0 ]
  [ "$output" = "$(cat records)" ]
  [ "$(subjects COMPLETED)" = 'Enrich Data for Bea' ]
  [ "$(subjects IN_PROGRESS)" = 'Enrich Data for Ann' ]
}

@test "--dry-run needs neither network nor token, shows every request in order, and is repeatable" {
  record='{"task":{"id":"1","properties":{"hs_task_subject":"Qualify Lead: Ann"}},"contact":{"id":"7","properties":{"firstname":"Ann"}},"lease":{"token":"t","attempt":1},'
  record+='"qualification":{"score":91,"tier":"HOT","reasons":[{"rule":"email","points":10,"value":"a@b.co"}]}}'
  run --separate-stderr complete --dry-run <<<"$record"
  [ "$status" -eq 0 ]
  [ "$stderr" = '' ]
  [ "$(jq -r '.method + " " + .path' <<<"$output")" = 'POST /crm/objects/2026-03/contacts/batch/update
POST /crm/objects/2026-03/notes/batch/create
POST /crm/objects/2026-03/tasks/batch/create
POST /crm/objects/2026-03/tasks/batch/update' ]
  [ "$(jq -r '.body.inputs[].properties | select(.hs_timestamp != null and .hs_task_subject != null) | "\(.hs_task_subject)|\(.hs_timestamp)|\(.hubspot_owner_id)"' <<<"$output")" = \
    $'Send Outreach - HOT Lead: Ann|2026-01-05T09:00:00.000Z|<queue>\nReview high-value lead Ann - Score: 91|2026-01-05T10:00:00.000Z|<human>' ]
  [ "$(jq -c '.body.inputs[0]' <<<"${lines[3]}")" = \
    '{"id":"1","objectWriteTraceId":"1","properties":{"hs_task_status":"COMPLETED","leadpipe_done":"t","leadpipe_reason":""}}' ]
  [ "$(complete --dry-run <<<"$record")" = "$output" ]
  [ "$(complete --dry-run --api v3 <<<"$record" | head -n 1 | jq -r .path)" = /crm/v3/objects/contacts/batch/update ]
}

@test "where keys cannot be unique they stand in the texts" {
  start_sandbox --rate 0 --search-rate 0
  for type in tasks:task notes:engagement emails:email; do
    for i in 1 2 3 4 5 6 7 8 9 10; do
      api POST "/crm/properties/2026-03/${type%:*}" "{\"name\":\"u$i\",\"label\":\"u\",\"type\":\"string\",\"fieldType\":\"text\",\"groupName\":\"${type#*:}\",\"hasUniqueValue\":true}" >/dev/null
    done
  done
  run --separate-stderr hs-tasks setup
  [ "$status" -eq 0 ]
  grep -q '^tasks *leadpipe_key *made; the portal does not let it be unique' <<<"$output"
  ann=$(contact Ann)
  task 'Enrich Data for Ann' "$ann"
  claim | enriched | complete
  note=$(api GET "$O/contacts/$ann?associations=notes" | jq -r '.associations.notes.results[].id')
  key=$(get notes "$note" leadpipe_key)
  [[ $(get notes "$note" hs_note_body) == *"<br>[leadpipe ${key:0:16}]" ]]
}

@test "a record on which the workflow fails is parked, but not where the task is another's by now" {
  portal
  ours=$(task 'Qualify Lead: Ann' "$(contact Ann)")
  theirs=$(task 'Qualify Lead: Bea' "$(contact Bea)")
  claim | jq -c '.qualification = {score:50,tier:"COLD"} | .contact.properties.leadpipe_rounds = "many"' >records
  set_task "$theirs" '{"leadpipe_lease":"another"}'
  run --separate-stderr complete records
  [ "$status" -eq 1 ]
  [ "$(jq -r .error.code <<<"$output" | xargs)" = 'workflow_failed workflow_failed' ]
  [[ $(jq -r .error.message <<<"${lines[0]}") == routes.qualify.* ]]
  [ "$(state "$ours")" = WAITING ]
  [ "$(state "$theirs")" = IN_PROGRESS ]
  [ "$(count notes)" -eq 0 ]
}

@test "two hundred tasks cost less than sixteen and a half calls a hundred, everything else included" {
  portal
  for i in 1 2; do
    contacts=$(jq -nc --arg i "$i" '{inputs: [range(100) | {properties: {firstname: "F\(.)", email: "f\(.)-\($i)@x.example"}}]}')
    api POST "$O/contacts/batch/create" "$contacts" | jq -c '{inputs: [.results[] | {properties: {hs_task_subject: "Enrich Data for \(.properties.firstname)",
      hs_timestamp: "2026-01-05T08:00:00Z", hs_task_status: "NOT_STARTED", hs_task_priority: "HIGH", hubspot_owner_id: "71001"},
      associations: [{to: {id: .id}, types: [{associationCategory: "HUBSPOT_DEFINED", associationTypeId: 204}]}]}]}' >tasks.json
    api POST "$O/tasks/batch/create" "$(cat tasks.json)" >/dev/null
  done
  before=$(calls)
  claim -n 1000 | enriched | complete
  [ "$(hs-tasks list --no-join --status COMPLETED | wc -l)" -eq 200 ]
  used=$(($(calls) - before - 1))
  echo "$used calls"
  # search 1, settings and owners 2 + 3, associations 3, and 2 each of: read, claim, read-back, confirm, contacts, fence, values from before,
  # properties, note, follow-up, fence, status
  [ "$used" -le 33 ]
}

# hundred_and_twenty: tasks with contacts
hundred_and_twenty() {
  local i contacts
  for i in 1 2; do
    contacts=$(jq -nc --arg i "$i" '{inputs: [range(60) | {properties: {firstname: "F\(.)", email: "f\(.)-\($i)@x.example"}}]}')
    api POST "$O/contacts/batch/create" "$contacts" | jq -c '{inputs: [.results[] | {properties: {hs_task_subject: "Enrich Data for \(.properties.firstname)",
      hs_timestamp: "2026-01-05T08:00:00Z", hs_task_status: "NOT_STARTED", hs_task_priority: "HIGH", hubspot_owner_id: "71001"},
      associations: [{to: {id: .id}, types: [{associationCategory: "HUBSPOT_DEFINED", associationTypeId: 204}]}]}]}' >tasks.json
    api POST "$O/tasks/batch/create" "$(cat tasks.json)" >/dev/null
  done
}

@test "what an earlier run left of more than a hundred writes to a real account is not written unasked by a small one" {
  portal --account-type STANDARD --db portal.db
  hundred_and_twenty
  claim -n 200 | enriched >worked.jsonl
  stop_sandbox
  start_sandbox --account-type STANDARD --db portal.db --port "$SANDBOX_PORT" --rate 0 --search-rate 0 --latency 300ms
  hs-tasks complete --yes --now "$NOW" worked.jsonl &
  pid=$!
  until [ "$(sqlite3 "$LEADPIPE_HOME"/state/portal-*/journal.db 'SELECT count(*) FROM work' 2>/dev/null || true)" = 120 ]; do
    kill -0 "$pid"
    sleep 0.01
  done
  kill -9 "$pid"
  wait "$pid" || [ "$?" -eq 137 ]
  for verb in 'claim --type enrich' complete; do
    run --separate-stderr bash -c "hs-tasks $verb </dev/null"
    [ "$status" -eq 77 ]
    [[ $stderr == *': more than 100 writes to the STANDARD account '* ]]
  done
  [ "$(count notes)" -eq 0 ]
  complete --yes </dev/null
  [ "$(count notes)" -eq 120 ]
  [ "$(hs-tasks list --no-join --status COMPLETED | wc -l)" -eq 120 ]
}

@test "more than a hundred writes to a real account want --yes, a yes at the terminal, or the setting; nothing is lost without" {
  portal --account-type STANDARD
  hundred_and_twenty
  claim -n 200 | enriched >worked.jsonl
  run --separate-stderr complete worked.jsonl
  [ "$status" -eq 77 ]
  [[ $stderr == *'complete: more than 100 writes to the STANDARD account '*' want --yes, or "unattended": true in the settings' ]]
  [ "$(jq -r .error.code <<<"$output" | sort | uniq -c | xargs)" = '120 not_allowed' ]
  [ "$(hs-tasks list --no-join --status COMPLETED | wc -l)" -eq 0 ]
  # nothing is pending: no other run writes unasked what was refused
  [ "$(hs-tasks status --json | jq -s 'map(.machine.pending // 0) | add')" -eq 0 ]
  complete </dev/null
  [ "$(count notes)" -eq 0 ]
  complete --yes --retry <<<"$output"
  [ "$(hs-tasks list --no-join --status COMPLETED | wc -l)" -eq 120 ]
  [ "$(count notes)" -eq 120 ]
}
