#!/usr/bin/env bats
# hs-tasks upsert: records to their contacts, by e-mail.

setup() {
  load helper
  load hs-tasks-helper
}
teardown() {
  [ -z "${PROXY_PID:-}" ] || kill "$PROXY_PID" 2>/dev/null || true
  stop_sandbox
}

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

@test "two records of one new address make one contact, and the later score stands" {
  portal
  { scored bob@x.example 70; scored Bob@X.example 75; } | upsert
  [ "$(count contacts)" -eq 1 ]
  [ "$(api GET "$O/contacts/bob@x.example?idProperty=email&properties=lead_score" | jq -r .properties.lead_score)" = 75 ]
}

@test "what cannot be written is printed with its reason, and the rest is written" {
  portal
  { scored a@x.example; echo '{"firstname":"Nobody"}'; echo garbage; scored 'no address'; scored b@x.example '"many"'; scored c@x.example; } >leads.jsonl
  run --separate-stderr upsert leads.jsonl
  [ "$status" -eq 1 ]
  [ "$(jq -r .error.code <<<"$output" | xargs)" = 'no_email bad_json crm_refused crm_refused' ]
  [ "$(count contacts)" -eq 2 ]
}

@test "a dry run shows the requests and sends none" {
  portal
  before=$(calls)
  run --separate-stderr upsert --dry-run <<<"$(scored a@x.example)"
  [ "$status" -eq 0 ]
  [ "$(jq -r '.path, .body.inputs[0].properties.lead_tier' <<<"$output")" = $'/crm/objects/2026-03/contacts/batch/create\nHOT' ]
  [ "$(calls)" -eq "$before" ]
}

@test "a thousand records cost four calls a hundred" {
  portal
  jq -nc 'range(1000) | {email: "f\(.)@x.example", firstname: "F\(.)"}' >leads.jsonl
  before=$(calls)
  upsert leads.jsonl
  [ "$(($(calls) - before))" -le 25 ]
  [ "$(count contacts)" -eq 1000 ]
  jq -c '.phone = "1"' leads.jsonl | upsert
  [ "$(count contacts)" -eq 1000 ]
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

@test "killed at its first write, the next verb that writes finishes it" {
  start_sandbox --rate 0 --search-rate 0 --latency 300ms --calls calls.jsonl
  hs-tasks setup -q
  scored a@x.example >leads.jsonl
  hs-tasks upsert --linger 0s --now "$NOW" leads.jsonl &
  pid=$!
  until grep -q '"op":"batch read contacts"\|contacts/batch/read' calls.jsonl; do kill -0 "$pid"; sleep 0.02; done
  kill -9 "$pid"
  wait "$pid" || true
  run --separate-stderr timeout 20 hs-tasks upsert -v --now "$NOW" <<<'{"email":"z@x.example","firstname":"Z"}'
  [ "$status" -eq 0 ]
  [[ $stderr == *'finished the work of 1 records that earlier runs had left; 0 are left'* ]]
  [ "$(api GET "$O/contacts/a@x.example?idProperty=email&properties=lead_tier" | jq -r .properties.lead_tier)" = HOT ]
  [ "$(count contacts)" -eq 2 ]
}
