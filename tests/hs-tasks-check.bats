#!/usr/bin/env bats
# hs-tasks check: a line for each thing, ok or what to do.
# shellcheck disable=SC2016  # the dollars in single quotes are jq's

setup() { load helper; load hs-tasks-helper; }
teardown() { stop_proxy; stop_sandbox; }

has() { grep -q -- "$1" <<<"$output"; }

@test "all is well: every line is ok, in a table and as JSON, and nothing is changed" {
  portal
  before=$(api GET "$O/tasks?limit=1" | jq -c .results)
  run --separate-stderr hs-tasks check
  [ "$status" -eq 0 ]
  [ "$stderr" = '' ]
  [ "$(grep -cv '^ok ' <<<"$output")" -eq 0 ]
  has "^ok    workflow     $PROJECT/share/workflow.json, 3 routes, 2 owners$"
  has "^ok    state        $LEADPIPE_HOME/state, [0-9]* MiB free$"
  has '^ok    portal       [0-9]*, DEVELOPER_TEST, '
  has '^ok    clock        0.0 s from HubSpot'"'"'s$'
  has '^ok    companies    readable and writable$'
  has '^ok    today        [0-9]* of 625000 calls used$'
  has '^ok    properties   contacts: all there'
  has '^ok    owner        queue is 71001$'
  expected=${#lines[@]}
  run --separate-stderr hs-tasks check --json
  [ "$status" -eq 0 ]
  [ "${#lines[@]}" -eq "$expected" ]
  [ "$(jq -c '[.ok, (.message | type), has("remedy")]' <<<"$output" | sort -u)" = '[true,"string",false]' ]
  [ "$(jq -r 'select(.check == "owner").message' <<<"$output")" = $'queue is 71001\nhuman is 71002' ]
  [ "$(api GET "$O/tasks?limit=1" | jq -c .results)" = "$before" ]
  [ "$(find "$LEADPIPE_HOME/state" -name 'check-*')" = '' ]
}

@test "no token, one that others can read, a wrong one, no server" {
  run --separate-stderr hs-tasks check
  [ "$status" -eq 1 ]
  has '^ok    workflow '
  has '^FAIL  token        no hubspot.token: set HUBSPOT_ACCESS_TOKEN, '
  echo x >token
  chmod 644 token
  run --separate-stderr hs-tasks check --token-file token --json
  [ "$status" -eq 1 ]
  [[ $(jq -r 'select(.check == "token").message' <<<"$output") == token:*600* ]]
  start_sandbox
  HUBSPOT_ACCESS_TOKEN=wrong run --separate-stderr hs-tasks check
  [ "$status" -eq 77 ]
  has '^FAIL  token        .*401.*: make a new access token$'
  stop_sandbox
  run --separate-stderr hs-tasks check
  [ "$status" -eq 69 ]
  has '^FAIL  address      .*: check the network, or --api-url$'
}

@test "missing scopes are named, to read and to write" {
  start_sandbox --scopes crm.objects.contacts.read,crm.objects.owners.read
  run --separate-stderr hs-tasks check
  [ "$status" -eq 1 ]
  has '^FAIL  contacts     readable, but not writable: .*403.*: give the token the scope crm.objects.contacts.write$'
  has '^FAIL  companies    .*403.*: give the token the scope crm.objects.companies.read$'
  has '^ok    owner        queue is 71001$'
  stop_sandbox
  start_sandbox --scopes crm.objects.contacts.read,crm.objects.contacts.write
  run --separate-stderr hs-tasks check --json
  [ "$status" -eq 1 ]
  [ "$(jq -r 'select(.check == "owners" and .ok == false).remedy' <<<"$output")" = 'give the token the scope crm.objects.owners.read' ]
}

@test "an owner that the portal does not have is named, and the others are still looked up" {
  portal
  jq '.owners.human.email = "nobody@x.example" | .owners.third = {id: "71001"} | .owners.fourth = {id: "5"}' "$PROJECT/share/workflow.json" >workflow.json
  run --separate-stderr hs-tasks check --workflow workflow.json
  [ "$status" -eq 1 ]
  has '^ok    owner        queue is 71001$'
  has '^FAIL  owner        human: the portal has no owner "nobody@x.example": add the user to the portal, or change "owners" in the workflow file$'
  has '^ok    owner        third is 71001$'
  has '^FAIL  owner        fourth: the portal has no owner "5": '
}

@test "properties: not made yet, written but not there, written but read-only, only read" {
  start_sandbox --rate 0 --search-rate 0
  run --separate-stderr hs-tasks check
  [ "$status" -eq 1 ]
  has '^FAIL  settings     the portal is not set up: run hs-tasks setup$'
  has '^FAIL  properties   tasks: 6 missing, .* \.\.\.: run hs-tasks setup$'
  hs-tasks setup -q
  jq '.routes[0].contact.no_such = "1" | .routes[1].contact.hubspotscore = "1" | .read.company = ["name", "not_there"]' "$PROJECT/share/workflow.json" >workflow.json
  run --separate-stderr hs-tasks check --workflow workflow.json
  [ "$status" -eq 1 ]
  has '^FAIL  properties   contacts: routes write what is not there, no_such: make them, or take them out of the workflow file$'
  has '^FAIL  properties   contacts: routes write what is read-only, hubspotscore: take them out of the workflow file$'
  has '^ok    properties   companies: all there, but of those read not not_there$'
}

@test "a workflow whose expressions do not compile fails with its line, and the rest is looked at" {
  portal
  jq --tab '.routes[0].contact.jobtitle = "1 +"' "$PROJECT/share/workflow.json" >workflow.json
  run --separate-stderr hs-tasks check --workflow workflow.json
  [ "$status" -eq 1 ]
  has '^FAIL  workflow     workflow.json:[0-9]*: routes.enrich.contact.jobtitle: '
  has '^ok    owner        human is 71002$'
}

@test "a state folder that cannot be made, or is full, fails with what to do" {
  : >"$LEADPIPE_HOME/state"
  run --separate-stderr hs-tasks check
  [ "$status" -eq 1 ]
  has "^FAIL  state        $LEADPIPE_HOME/state"
  unshare -rm true 2>/dev/null || skip 'no mounts here'
  mkdir small
  run --separate-stderr unshare -rm bash -c 'mount -t tmpfs -o size=1m tmpfs small && LEADPIPE_HOME=$PWD/small hs-tasks check'
  has '^FAIL  state        .*/small/state: only 1 MiB are free: make room, or let LEADPIPE_HOME name another folder$'
}

@test "a clock that is an hour off, and a day's calls that are used up" {
  portal
  between '' 1 answer 200 '{"portalId":1,"accountType":"STANDARD","timeZone":"UTC","results":[{"currentUsage":9,"usageLimit":9,"resetsAt":"2026-01-06T00:00:00Z"}]}' \
    'Sun, 04 Jan 2026 08:00:00 GMT'
  run --separate-stderr hs-tasks check
  [ "$status" -eq 1 ]
  has '^FAIL  clock        [0-9]*\.[0-9] s ahead of HubSpot'"'"'s: due dates will be off; let the system set its clock by the network$'
  has '^FAIL  today        all 9 calls are used: wait until 2026-01-06T00:00:00Z, or have the limit raised$'
}

@test "a token that is revoked while checks run ends them with 77" {
  portal
  between '' 4 answer 401 '{"status":"error","message":"revoked","category":"INVALID_AUTHENTICATION"}'
  run --separate-stderr hs-tasks check
  [ "$status" -eq 77 ]
  has '^ok    token '
  has '^FAIL  .*revoked'
}
