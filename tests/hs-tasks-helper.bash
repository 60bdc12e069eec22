# Shared by the bats files of hs-tasks: a small portal on hs-sandbox, made by hand, so that every number is known.
# shellcheck shell=bash disable=SC2016,SC2034  # the dollars in single quotes are jq's; bats files use the names

cd "$BATS_TEST_TMPDIR" || exit
NOW=2026-01-05T09:00:00Z
O=/crm/objects/2026-03
QUEUE=71001 HUMAN=71002

# portal [OPTION...]: a sandbox that is set up, without limits unless options say so.
portal() {
  start_sandbox --rate 0 --search-rate 0 "$@"
  hs-tasks setup -q
}

# make TYPE PROPERTIES [ASSOCIATIONS]: creates a record; prints its id.
make() { api POST "$O/$1" "{\"properties\":$2,\"associations\":${3:-[]}}" | jq -re .id; }

contact() { make contacts "$(jq -nc --arg f "$1" --arg e "${2:-}" '{firstname:$f} + if $e == "" then {} else {email:$e} end')"; }

# task SUBJECT [CONTACT] [PROPERTIES]: due an hour before NOW, the queue's, NOT_STARTED, HIGH, unless PROPERTIES say otherwise.
task() {
  make tasks "$(jq -nc --arg s "$1" --argjson more "${3:-{\}}" '{hs_task_subject:$s, hs_timestamp:"2026-01-05T08:00:00Z",
    hubspot_owner_id:"71001", hs_task_status:"NOT_STARTED", hs_task_priority:"HIGH", hs_task_type:"TODO"} + $more')" \
    "$([ -z "${2:-}" ] || jq -nc --arg c "$2" '[{to:{id:$c}, types:[{associationCategory:"HUBSPOT_DEFINED", associationTypeId:204}]}]')"
}

# get TYPE ID PROPERTIES: the properties' values, each on a line.
get() { api GET "$O/$1/$2?properties=$3" | jq -r --arg p "$3" '.properties as $v | $p | split(",")[] | $v[.] // ""'; }
state() { get tasks "$1" hs_task_status; }
set_task() { api PATCH "$O/tasks/$1" "{\"properties\":$2}" >/dev/null; }

# count TYPE: how many there are.
count() { api POST "$O/$1/search" '{"filterGroups":[],"sorts":[],"limit":1,"properties":[],"after":"0","query":""}' | jq .total; }

# subjects [STATUS]: what is in the queue by now, sorted.
subjects() { hs-tasks list --no-join ${1:+--status "$1"} | jq -r .task.properties.hs_task_subject | sort; }

claim() { hs-tasks claim --now "$NOW" "$@"; }
complete() { hs-tasks complete --now "$NOW" "$@"; }

# enriched [JQ]: gives every record a good enrichment, changed by JQ.
enriched() {
  jq -c '.enrichment = {at:"2026-01-05T09:00:00.000Z", facts:{title:{value:"CTO"}, company_size:{value:"120"}, industry:{value:"SaaS"}}, gaps:[],
    quality:"HIGH", decision_maker_score:9, next_action:"Qualify"} | '"${1:-.}"
}

calls() { curl -sS "$SANDBOX_URL/sandbox/calls" | jq .total; }

# between PATH N ACTION...: from here on hs-tasks goes through the proxy (hs-tasks-proxy.py).
between() {
  local port='' tries=0
  python3 "$PROJECT/tests/hs-tasks-proxy.py" "$SANDBOX_URL" "$@" >proxy.out 2>proxy.err 3>&- &
  PROXY_PID=$!
  until port=$(head -n 1 proxy.out) && [ -n "$port" ]; do
    tries=$((tries + 1))
    [ "$tries" -lt 600 ] || return 1
    sleep 0.05
  done
  export HUBSPOT_API_URL=http://127.0.0.1:$port
}

stop_proxy() {
  [ -n "${PROXY_PID:-}" ] || return 0
  kill "$PROXY_PID" 2>/dev/null || true
  wait "$PROXY_PID" 2>/dev/null || true
  PROXY_PID=''
}

# setting NAME VALUE: one of the settings that setup has stored for all claimers, such as window_ms.
setting() {
  local path=/crm/properties/2026-03/tasks/leadpipe_lease text
  text=$(api GET "$path" | jq -r .description | sed -E "s/\"$1\":[0-9]+/\"$1\":$2/")
  api PATCH "$path" "$(jq -nc --arg d "$text" '{description: $d}')" >/dev/null
}

# fill TYPE COUNT JQ: makes many records in batches of a hundred; JQ gives the properties of number $i, counted from 1.
fill() {
  local batch
  jq -nc --argjson n "$2" "range(0; \$n; 100) | [range(. + 1; [. + 101, \$n + 1] | min)] | {inputs: map(. as \$i | {properties: ($3)})}" |
    while IFS= read -r batch; do api POST "$O/$1/batch/create" "$batch" | jq -e '.status == "COMPLETE"' >/dev/null || return 1; done
}

# side_by_side PATH: how many calls to a path began before an earlier one had ended, by the calls that the sandbox has put down in calls.jsonl.
side_by_side() {
  jq -s --arg path "$1" 'def at: sub("\\.[0-9]+Z$"; "Z") as $s | ($s | fromdate) * 1000 + (.[20:23] | tonumber);
    map(select(.path | endswith($path)) | (.ts | at) as $t | [$t, $t + .ms]) | sort
    | reduce .[] as [$from, $to] ({end: 0, n: 0}; (if $from < .end then .n += 1 else . end) | .end = ([.end, $to] | max)) | .n' calls.jsonl
}
