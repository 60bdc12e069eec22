#!/usr/bin/env bats
# hs-tasks upsert: records to their contacts, by e-mail.

setup() {
  load helper
  load hs-tasks-helper
}
teardown() { stop_proxy; stop_sandbox; }

upsert() { timeout 60 hs-tasks upsert --now "$NOW" "$@"; }
scored() { jq -nc --arg e "$1" --argjson s "${2:-80}" '{email: $e, firstname: "New", jobtitle: "CTO", qualification: {score: $s, tier: "HOT", at: "2026-01-05T09:00:00.000Z"}}'; }

@test "values that are there stay, empty ones are filled, scores are replaced, and who is not there is made" {
  portal
  ann=$(make contacts '{"email":"ann@x.example","firstname":"Ann","lead_score":"10"}')
  { scored ANN@x.example; scored bob@x.example 70; } >leads.jsonl
  run --separate-stderr upsert leads.jsonl
  [ "$status" -eq 0 ]
  [ "$output" = '' ]
  [ "$stderr" = '' ]
  [ "$(get contacts "$ann" firstname,jobtitle,lead_score,lead_tier)" = $'Ann\nCTO\n80\nHOT' ]
  [ "$(count contacts)" -eq 2 ]
  [ "$(api GET "$O/contacts/bob@x.example?idProperty=email&properties=firstname,lead_score" | jq -r '.properties.firstname, .properties.lead_score')" = $'New\n70' ]
  upsert --overwrite leads.jsonl
  [ "$(get contacts "$ann" firstname)" = New ]
  [ "$(count contacts)" -eq 2 ]
}

# by_email ADDRESS PROPERTIES: the values, each on a line.
by_email() { api GET "$O/contacts/$1?idProperty=email&properties=$2" | jq -r --arg p "$2" '.properties as $v | $p | split(",")[] | $v[.] // ""'; }
journal() { sqlite3 "$LEADPIPE_HOME"/state/portal-*/journal.db "$1"; }

@test "of two records of one address the later wins, whether the contact is new or not; what was there before stays" {
  portal
  make contacts '{"email":"ann@x.example","firstname":"Ann"}' >/dev/null
  jq -nc '"ann@x.example", "new@x.example" | . as $e | {n: 1, f: "First", s: 70}, {n: 2, f: "Second", s: 75}
    | {email: $e, firstname: .f, phone: "\(.n)", jobtitle: (if .n == 1 then "CTO" else null end), qualification: {score: .s, tier: "HOT"}}' >leads.jsonl
  run --separate-stderr upsert leads.jsonl
  [ "$status" -eq 0 ]
  [ "$output" = '' ]
  [ "$(count contacts)" -eq 2 ]
  [ "$(by_email ann@x.example firstname,phone,jobtitle,lead_score)" = $'Ann\n2\nCTO\n75' ]
  [ "$(by_email new@x.example firstname,phone,jobtitle,lead_score)" = $'Second\n2\nCTO\n75' ]
  # each is in the journal
  [ "$(journal 'SELECT state, count(*) FROM work GROUP BY state')" = '1|4' ]
  [ "$(journal 'SELECT count(*) FROM effect WHERE state = 2')" -eq 4 ]
}

@test "of two records of one address the refusal of one is not the other's" {
  portal
  make contacts '{"email":"ann@x.example","firstname":"Ann"}' >/dev/null
  { scored ann@x.example 70; scored Ann@x.example '"many"'; scored new@x.example '"lots"'; scored NEW@x.example 75; } >leads.jsonl
  run --separate-stderr upsert leads.jsonl
  [ "$status" -eq 1 ]
  [ "$(jq -r '[.error.code, .qualification.score] | join(" ")' <<<"$output")" = $'crm_refused many\ncrm_refused lots' ]
  [ "$(by_email ann@x.example lead_score)" = 70 ]
  [ "$(by_email new@x.example lead_score)" = 75 ]
}

@test "what stands already is not written again" {
  portal
  { scored a@x.example; scored b@x.example 70; } >leads.jsonl
  upsert leads.jsonl
  modified=$(by_email a@x.example lastmodifieddate)
  before=$(calls)
  upsert leads.jsonl
  # settings and one read; account and owners are known
  [ "$(($(calls) - before))" -le 2 ]
  [ "$(by_email a@x.example lastmodifieddate)" = "$modified" ]
  [ "$(journal 'SELECT count(*) FROM effect')" -eq 2 ]
}

@test "null and empty values clear nothing, and the address is never changed" {
  portal
  make contacts '{"email":"ann@x.example","phone":"1","lead_tier":"HOT"}' >/dev/null
  jq --tab '.upsert.contact.email = "\"ann@x.example\"" | .upsert.contact.lead_tier = {value: ".tier", write: "overwrite"}' "$PROJECT/share/workflow.json" >workflow.json
  run --separate-stderr upsert --overwrite --workflow workflow.json <<<'{"email":"other@x.example","phone":"","tier":null,"firstname":"Ann"}'
  [ "$status" -eq 0 ]
  [ "$(by_email ann@x.example email,phone,lead_tier,firstname)" = $'ann@x.example\n1\nHOT\nAnn' ]
  [ "$(count contacts)" -eq 1 ]
}

@test "a contact that somebody makes meanwhile is updated, not doubled" {
  portal
  zed=$(make contacts '{"email":"old@x.example","firstname":"Zed"}')
  between contacts/batch/create 1 patch "$O/contacts/$zed" '{"properties":{"email":"new@x.example"}}'
  { scored new@x.example 70; scored other@x.example 60; } >leads.jsonl
  run --separate-stderr upsert leads.jsonl
  [ "$status" -eq 0 ]
  [ "$output" = '' ]
  [ "$(get contacts "$zed" email,firstname,jobtitle,lead_score)" = $'new@x.example\nZed\nCTO\n70' ]
  [ "$(count contacts)" -eq 2 ]
}

@test "history tells what upsert wrote, and undo takes it back" {
  portal
  ann=$(make contacts '{"email":"ann@x.example","firstname":"Ann","lead_score":"10"}')
  scored ann@x.example 80 | upsert
  line=$(hs-tasks history --contact "$ann")
  [ "$(jq -r '.verb, .effect, .before.lead_score, .after.lead_score, .before.jobtitle' <<<"$line")" = $'upsert\ncontact\n10\n80\nnull' ]
  hs-tasks undo <<<"$line" >/dev/null
  [ "$(get contacts "$ann" firstname,lead_score,jobtitle,lead_tier | xargs -d '\n')" = 'Ann 10  ' ]
}

@test "what cannot be written is printed with its reason, and the rest is written" {
  portal
  { scored a@x.example; echo '{"firstname":"Nobody"}'; echo garbage; scored 'no address'; scored b@x.example '"many"'; scored c@x.example; } >leads.jsonl
  run --separate-stderr upsert leads.jsonl
  [ "$status" -eq 1 ]
  [ "$(jq -r .error.code <<<"$output" | xargs)" = 'no_email bad_json crm_refused crm_refused' ]
  [ "$(count contacts)" -eq 2 ]
}

@test "a dry run shows the requests, and needs neither network nor token" {
  unset HUBSPOT_ACCESS_TOKEN
  run --separate-stderr upsert --dry-run <<<"$(scored A@x.example)"
  [ "$status" -eq 0 ]
  [ "$stderr" = '' ]
  [ "$(jq -c '[.method, .path, .body.inputs[0].properties]' <<<"$output")" = '["POST","/crm/objects/2026-03/contacts/batch/create",'\
'{"firstname":"New","jobtitle":"CTO","lead_score":"80","lead_tier":"HOT","lead_qualification_date":"2026-01-05T09:00:00.000Z","email":"a@x.example"}]' ]
}

@test "--if, --retry and --pass: who is acted on, and who is printed" {
  portal
  { scored a@x.example; scored b@x.example; scored c@x.example | jq -c '.error = {tool: "x", code: "y", message: "z", retryable: true}'; } >leads.jsonl
  run --separate-stderr upsert --pass --if '.email != "a@x.example"' leads.jsonl
  [ "$status" -eq 1 ]
  [ "$output" = "$(cat leads.jsonl)" ]
  [ "$(count contacts)" -eq 1 ]
  run --separate-stderr upsert --retry --if '.email == "c@x.example"' leads.jsonl
  [ "$status" -eq 0 ]
  [ "$output" = '' ]
  [ "$(count contacts)" -eq 2 ]
}

@test "lines that are no records come out as errors, and the others are written" {
  portal
  { for _ in 1 2 3 4 5 6; do printf 'garbage\n[1]\n'; done; scored a@x.example; } >mixed.jsonl
  run --separate-stderr upsert mixed.jsonl
  [ "$status" -eq 1 ]
  [ "$(jq -r .error.code <<<"$output" | sort | uniq -c | xargs)" = '6 bad_json 6 not_an_object' ]
  [ "$(count contacts)" -eq 1 ]
}

@test "an expression that fails is its record's error; one that jq refuses ends the run, with its place" {
  portal
  jq --tab '.upsert.contact.phone = ".phone + 1"' "$PROJECT/share/workflow.json" >workflow.json
  run --separate-stderr upsert --workflow workflow.json <<<'{"email":"a@x.example","phone":"x"}'$'\n''{"email":"b@x.example","phone":1}'
  [ "$status" -eq 1 ]
  [ "$(jq -r '.email, .error.code' <<<"$output")" = $'a@x.example\nworkflow_failed' ]
  [[ $(jq -r .error.message <<<"$output") == 'upsert.contact.phone: '* ]]
  [ "$(by_email b@x.example phone)" = 2 ]
  jq --tab '.upsert.contact.phone = ".phone +"' "$PROJECT/share/workflow.json" >workflow.json
  run --separate-stderr upsert --workflow workflow.json <<<'{}'
  [ "$status" -eq 2 ]
  [[ $stderr == 'hs-tasks: workflow.json:'*': upsert.contact.phone: '* ]]
  run --separate-stderr hs-tasks check --workflow workflow.json
  [ "$status" -eq 1 ]
  [[ $output == *FAIL*upsert.contact.phone* ]]
  jq --tab 'del(.upsert)' "$PROJECT/share/workflow.json" >workflow.json
  run --separate-stderr upsert --workflow workflow.json <<<'{}'
  [ "$status" -eq 2 ]
  [ "${stderr_lines[0]}" = 'hs-tasks: workflow.json has no "upsert": it does not say what to write' ]
}

@test "a thousand new contacts cost two calls a hundred, as many to be changed likewise, and the groups go side by side" {
  portal --latency 100ms --calls calls.jsonl
  jq -nc 'range(1000) | {email: "f\(.)@x.example", firstname: "F\(.)"}' >leads.jsonl
  before=$(calls)
  upsert leads.jsonl
  [ "$(side_by_side contacts/batch/read)" -gt 4 ]
  # settings, account and owners besides
  [ "$(($(calls) - before))" -le 23 ]
  [ "$(count contacts)" -eq 1000 ]
  before=$(calls)
  jq -c '.phone = "1"' leads.jsonl | upsert
  [ "$(($(calls) - before))" -le 22 ]
  [ "$(count contacts)" -eq 1000 ]
}

@test "a real account is asked for once, at the terminal: yes writes all, no ends with 77, and so does the background" {
  portal --account-type STANDARD
  jq -nc 'range(250) | {email: "f\(.)@x.example", firstname: "F\(.)"}' >leads.jsonl
  # script gives the run a terminal of its own
  typed() { script -qec "hs-tasks upsert --linger 10s leads.jsonl; echo status=\$?" /dev/null <<<"$1" | tr -d '\r'; }
  run typed n
  [[ $output == *'hs-tasks: more than 100 writes to the STANDARD account 4200001. Go on? [y/N] '* ]]
  [[ $output == *status=77 ]]
  before=$(count contacts)
  [ "$before" -le 100 ]
  hs-tasks upsert </dev/null
  hs-tasks upsert <<<'{"email":"f0@x.example","phone":"1"}' # not more than it has itself
  [ "$(count contacts)" -le $((before + 1)) ]
  run typed y
  [[ $output == *status=0 ]]
  [ "$(grep -o 'Go on?' <<<"$output" | wc -l)" -eq 1 ]
  [ "$(count contacts)" -eq 250 ]
  jq -c '.firstname = "G"' leads.jsonl >changed.jsonl
  run bash -c 'script -qec "set -m; hs-tasks upsert --overwrite changed.jsonl >/dev/null & wait \$!; echo status=\$?" /dev/null </dev/null | tr -d "\r"'
  [[ $output == *status=77 ]]
  mkdir -p "$LEADPIPE_HOME/config"
  echo '{"unattended": true}' >"$LEADPIPE_HOME/config/config.json"
  run --separate-stderr setsid -w timeout 60 hs-tasks upsert --overwrite changed.jsonl
  [ "$status" -eq 0 ]
  [ "$output" = '' ]
}

@test "lost answers make nothing twice, and lose nothing" {
  portal --db portal.db
  stop_sandbox
  start_sandbox --db portal.db --rate 0 --search-rate 0 --port "$SANDBOX_PORT" --fail lost=20%,500=10%,reset=5% --seed 3
  jq -nc 'range(600) | {email: "f\(.)@x.example", firstname: "F\(.)", qualification: {score: ., tier: "HOT"}}' >leads.jsonl
  for _ in 1 2 3 4 5 6; do
    upsert --retry leads.jsonl >rest.jsonl 2>/dev/null || true
    mv rest.jsonl leads.jsonl
    [ -s leads.jsonl ] || break
  done
  [ ! -s leads.jsonl ]
  stop_sandbox
  [ "$(sqlite3 portal.db "SELECT count(*), count(DISTINCT email), sum(lead_score) FROM contacts WHERE lead_tier = 'HOT'")" = '600|600|179700' ]
}

# killed PATH: an upsert of a contact that is there and one that is not, killed with its request to PATH on the way.
killed() {
  portal
  ann=$(make contacts '{"email":"ann@x.example","firstname":"Ann"}')
  { scored ann@x.example 70; scored new@x.example 75; } >leads.jsonl
  between "contacts/batch/$1" 1 wait 1
  hs-tasks upsert --now "$NOW" leads.jsonl &
  pid=$!
  until grep -q held proxy.err; do kill -0 "$pid"; sleep 0.02; done
  kill -9 "$pid"
  wait "$pid" || true
  [ "$(journal 'SELECT count(*) FROM work WHERE state = 0')" -eq 2 ]
  run --separate-stderr timeout 20 hs-tasks create -v --now "$NOW" --subject Call <<<"{\"contact\":{\"id\":\"$ann\"}}"
  [ "$status" -eq 0 ]
  [[ $stderr == *'finished the work of 2 records that earlier runs had left; 0 are left'* ]]
  [ "$(by_email ann@x.example firstname,jobtitle,lead_score)" = $'Ann\nCTO\n70' ]
  [ "$(by_email new@x.example firstname,jobtitle,lead_score)" = $'New\nCTO\n75' ]
  [ "$(count contacts)" -eq 2 ]
  [ "$(journal 'SELECT state, count(*) FROM work GROUP BY state')" = '1|3' ]
}

@test "killed while it reads, the next verb that writes finishes it" { killed read; }
@test "killed while it updates, the next verb that writes finishes it" { killed update; }
@test "killed while it makes a contact, the next verb that writes finishes it, and makes no second" { killed create; }
