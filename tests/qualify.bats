#!/usr/bin/env bats
# qualify(1): scores, bytes, and bad days.

setup() {
  cd "$BATS_TEST_TMPDIR" || exit
  load helper
  NOW=2026-01-05T09:00:00Z
}

# rules_of FILE: sha256 of a preset, as sha256sum says it.
digest_of() {
  sha256sum "$PROJECT/share/rules/$1.json" | cut -d' ' -f1
}

# A sanitizer's shadow memory is not the program's.
built_with_sanitizer() {
  nm -D "$(command -v qualify)" | grep -q asan
}

@test "every byte of the line stays and qualification is added" {
  line='{"contact":{"properties":{"email":"a@b.co","jobtitle":"CTO"}},"n":12345678901234567890.10}'
  run --separate-stderr qualify --now "$NOW" <<<"$line"
  [ "$status" -eq 0 ]
  [ "$stderr" = '' ]
  want="${line%\}},\"qualification\":{\"at\":\"2026-01-05T09:00:00.000Z\",\"score\":40,\"tier\":\"COLD\",\"reasons\":["
  want+='{"rule":"title.c_level","points":30,"field":"contact.jobtitle","value":"CTO"},'
  want+='{"rule":"email","points":10,"field":"contact.email","value":"a@b.co"}],'
  want+='"missing":["contact.numberofemployees","contact.industry","contact.phone","contact.hs_linkedin_url",'
  want+='"contact.hs_analytics_num_visits","contact.hs_email_open"],"coverage":0.25,"next_action":"Enrich again in a week",'
  want+="\"rules\":{\"name\":\"sf-v1\",\"digest\":\"sha256:$(digest_of sf-v1)\"}}}"
  [ "$output" = "$want" ]
}

@test "--brief adds only score and tier" {
  run --separate-stderr qualify --brief <<<'{ "jobtitle" : "CEO" , "id":9007199254740993 }'
  [ "$status" -eq 0 ]
  [ "$output" = '{ "jobtitle" : "CEO" , "id":9007199254740993 ,"qualification":{"score":30,"tier":"COLD"}}' ]
}

@test "sf-v2 says HOT with the lead status qualified, and says what is missing" {
  run --separate-stderr qualify --rules sf-v2 --now "$NOW" <<<'{"email":"a@yahoo.de","company":"X","jobtitle":"VP Sales","website":"x.example"}'
  [ "$status" -eq 0 ]
  [ "$(jq -c '.qualification | [.score, .tier, .status, .next_action, .missing, .coverage, .rules.name]' <<<"$output")" = \
    '[75,"HOT","qualified","Send outreach",[],1,"sf-v2"]' ]
  [ "$(jq -c '[.qualification.reasons[] | [.rule, .points]]' <<<"$output")" = \
    '[["email",10],["email.free_mail",-5],["company",20],["title",15],["title.senior",25],["website",10]]' ]
}

@test "facts of enrich fill what the contact lacks, and the reason names them" {
  run --separate-stderr qualify <<<'{"contact":{"properties":{"industry":"Retail"}},"enrichment":{"facts":{"title":{"value":"CFO"},"industry":{"value":"SaaS"}}}}'
  [ "$status" -eq 0 ]
  [ "$(jq -c '[.qualification.reasons[] | [.rule, .field, .value]]' <<<"$output")" = \
    '[["title.c_level","facts.title","CFO"],["industry.other","contact.industry","Retail"]]' ]
}

@test "a number of employees that is no number is listed as missing, and gives no points" {
  run --separate-stderr qualify <<<'{"numberofemployees":"1,000"}'
  [ "$status" -eq 0 ]
  [ "$(jq -c '[.qualification.score, .qualification.missing[1]]' <<<"$output")" = '[0,"contact.numberofemployees"]' ]
}

@test "a second run replaces the score in its place" {
  first=$(qualify --brief <<<'{"jobtitle":"VP","x":1}')
  second=$(qualify --brief <<<"$first")
  [ "$first" = "$second" ]
}

@test "the same input and clock give the same bytes" {
  one=$(awk -v n=200 -f "$PROJECT/tests/bench/leads.awk" | qualify --now "$NOW" | sha256sum)
  two=$(awk -v n=200 -f "$PROJECT/tests/bench/leads.awk" | qualify --now "$NOW" | sha256sum)
  [ "$one" = "$two" ]
}

@test "200 leads score as an independent jq program says" {
  awk -v n=200 -f "$PROJECT/tests/bench/leads.awk" >leads
  qualify --rules sf-v1 --brief leads | jq -c .qualification >ours
  jq -c --argjson only true -f "$PROJECT/tests/bench/sf-v1.jq" leads >theirs
  [ "$(wc -l <ours)" -eq 200 ]
  cmp ours theirs
}

@test "the points of all reasons add up to the score" {
  awk -v n=300 -f "$PROJECT/tests/bench/leads.awk" >leads
  run bash -c 'qualify leads | jq -c "select(([.qualification.reasons[].points] | add // 0) != .qualification.score)"'
  [ "$status" -eq 0 ]
  [ "$output" = '' ]
}

@test "a task without a contact is an error, not a score of 0" {
  run --separate-stderr qualify <<<'{"task":{"id":"9"}}'
  [ "$status" -eq 1 ]
  [ "$output" = '{"task":{"id":"9"},"error":{"tool":"qualify","code":"no_contact","message":"the record has nobody to score","retryable":false}}' ]
}

@test "a record with an error passes untouched; --retry takes the error off and scores it" {
  line='{"jobtitle":"CTO","error":{"tool":"enrich","code":"fetch_failed","message":"x","retryable":true}}'
  run --separate-stderr qualify --brief <<<"$line"
  [ "$status" -eq 1 ]
  [ "$output" = "$line" ]
  run --separate-stderr qualify --brief --retry <<<"$line"
  [ "$status" -eq 0 ]
  [ "$output" = '{"jobtitle":"CTO","qualification":{"score":30,"tier":"COLD"}}' ]
}

@test "a column named error is data" {
  run --separate-stderr qualify --brief <<<'{"jobtitle":"CTO","error":"none"}'
  [ "$status" -eq 0 ]
  [ "$output" = '{"jobtitle":"CTO","error":"none","qualification":{"score":30,"tier":"COLD"}}' ]
}

@test "--if scores the records it holds for and passes the rest" {
  run --separate-stderr qualify --brief --if '.n > 1' <<<$'{"n":1}\n{"n":2}'
  [ "$status" -eq 0 ]
  [ "${lines[0]}" = '{"n":1}' ]
  [ "${lines[1]}" = '{"n":2,"qualification":{"score":0,"tier":"COLD"}}' ]
}

@test "rules come from the option, then the environment, then the settings file, then sf-v1" {
  mkdir -p "$LEADPIPE_HOME/config"
  name() { qualify "$@" <<<'{"a":1}' | jq -r .qualification.rules.name; }
  [ "$(name)" = sf-v1 ]
  echo '{"qualify":{"rules":"sf-v2"}}' >"$LEADPIPE_HOME/config/config.json"
  [ "$(name)" = sf-v2 ]
  [ "$(LEADPIPE_QUALIFY_RULES=sf-v1 name)" = sf-v1 ]
  [ "$(LEADPIPE_QUALIFY_RULES=nonsense name --rules sf-v1)" = sf-v1 ]
  mkdir -p "$LEADPIPE_HOME/config/rules"
  echo '{"format":1,"name":"ours","rules":[{"rule":"r","points":1}],"tiers":[{"tier":"HOT"}]}' >"$LEADPIPE_HOME/config/rules/ours.json"
  [ "$(name --rules ours)" = ours ]
  [ "$(name --rules "$LEADPIPE_HOME/config/rules/ours.json")" = ours ]
}

@test "--as company reads flat company rows" {
  echo '{"format":1,"name":"c","rules":[{"rule":"r","points":1,"if":{"company.domain":{"exists":true}}}],"tiers":[{"tier":"HOT"}]}' >c.json
  run --separate-stderr qualify --as company --rules c.json --brief <<<'{"domain":"x.example"}'
  [ "$status" -eq 0 ]
  [ "$output" = '{"domain":"x.example","qualification":{"score":1,"tier":"HOT"}}' ]
  run qualify --as person </dev/null
  [ "$status" -eq 2 ]
}

@test "a long value is cut in the reason at a whole character" {
  title=CEO$(printf 'é%.0s' {1..300})
  echo '{"format":1,"name":"l","rules":[{"rule":"r","points":1,"if":{"contact.jobtitle":{"contains":"ceo"}}}],"tiers":[{"tier":"HOT"}]}' >l.json
  run --separate-stderr qualify --rules l.json <<<"{\"jobtitle\":\"$title\"}"
  [ "$status" -eq 0 ]
  [ "$(jq -r '.qualification.reasons[0].value' <<<"$output")" = "CEO$(printf 'é%.0s' {1..126})…" ]
}

@test "rules with a mistake: status 2, file, line, member and remedy, nothing read" {
  printf '{"format":1,"name":"x",\n"rules":[{"rule":"r","points":1,\n"iff":{}}],"tiers":[{"tier":"HOT"}]}' >bad.json
  run --separate-stderr qualify --rules bad.json <<<'{"a":1}'
  [ "$status" -eq 2 ]
  [ "$output" = '' ]
  [ "$stderr" = 'qualify: bad.json:3: rules[0]: unknown member "iff"; known here: rule, if, points, about' ]
}

@test "rules that are not there: status 2 and the way out" {
  run --separate-stderr qualify --rules sf-v9 <<<'{"a":1}'
  [ "$status" -eq 2 ]
  [ "$stderr" = 'qualify: no rules named "sf-v9"; the presets are sf-v1 and sf-v2, and a file is named with its path or .json' ]
  run --separate-stderr qualify --rules ./none.json <<<'{"a":1}'
  [ "$status" -eq 2 ]
  [ "$stderr" = 'qualify: ./none.json: No such file or directory' ]
}

@test "control bytes in a rules file's member come out escaped" {
  printf '{"format":1,"name":"x","rules":[{"rule":"r","points":1,"\\u001b[31m":1}],"tiers":[{"tier":"HOT"}]}' >esc.json
  run --separate-stderr qualify --rules esc.json <<<'{"a":1}'
  [ "$status" -eq 2 ]
  [ "$stderr" = 'qualify: esc.json:1: rules[0]: unknown member "\x1b[31m"; known here: rule, if, points, about' ]
}

@test "empty input gives empty output; a blank line stays blank" {
  run --separate-stderr qualify </dev/null
  [ "$status" -eq 0 ]
  [ "$output" = '' ]
  [ "$stderr" = '' ]
  [ "$(printf '\n{"a":1}\n\n' | qualify --brief | od -An -c | tr -d ' \n')" = \
    '\n{"a":1,"qualification":{"score":0,"tier":"COLD"}}\n\n' ]
}

@test "a last line without LF is scored and gets one" {
  [ "$(printf '{"a":1}' | qualify --brief | tail -c 1 | od -An -tx1 | tr -d ' ')" = 0a ]
}

@test "lines that are no object come out as error records, the rest is scored, status 1" {
  run --separate-stderr qualify --brief <<<$'{"jobtitle":"CTO"}\n{"a":\n[1]\n{"jobtitle":"VP"}'
  [ "$status" -eq 1 ]
  [ "${#lines[@]}" -eq 4 ]
  [ "${lines[0]}" = '{"jobtitle":"CTO","qualification":{"score":30,"tier":"COLD"}}' ]
  [ "$(jq -r '.error | .tool, .code, .line, .input' <<<"${lines[1]}")" = $'qualify\nbad_json\n2\n{"a":' ]
  [ "$(jq -r '.error | .tool, .code, .line, .input' <<<"${lines[2]}")" = $'qualify\nnot_an_object\n3\n[1]' ]
  [ "${lines[3]}" = '{"jobtitle":"VP","qualification":{"score":25,"tier":"COLD"}}' ]
  [ "$(wc -l <<<"$stderr")" -eq 2 ]
}

@test "a line of 17 MiB, NUL, broken UTF-8 and 100,000 levels are error records; memory stays under 16 MB" {
  {
    printf '{"a":"'
    head -c 17825792 /dev/zero | tr '\0' x
    printf '"}\n'
    printf '{"a":"\0"}\n'
    printf '{"a":"\xff"}\n'
    printf '{"a":'
    head -c 100000 /dev/zero | tr '\0' '['
    printf '\n{"jobtitle":"CTO"}\n'
  } >bad
  mkfifo in
  qualify --brief <in >out 2>err 3>&- &
  pid=$!
  exec 8>in
  cat bad >&8
  # Answered as far as it goes, and still running: its peak is all of its peak.
  until [ "$(wc -l <out)" -eq 5 ]; do kill -0 "$pid"; sleep 0.01; done
  peak_kb=$(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$pid/status")
  exec 8>&-
  status=0
  wait "$pid" || status=$?
  [ "$status" -eq 1 ]
  [ "$peak_kb" -gt 0 ]
  [ "$peak_kb" -lt 16384 ] || built_with_sanitizer
  [ "$(head -n 4 out | jq -r .error.code | paste -sd ' ')" = 'line_too_long bad_json bad_utf8 too_deep' ]
  [ "$(sed -n 1p out | jq .error.input_bytes)" -eq 17825800 ]
  [ "$(tail -n 1 out)" = '{"jobtitle":"CTO","qualification":{"score":30,"tier":"COLD"}}' ]
}

@test "--max-line takes a longer line and refuses a shorter one" {
  # The title and another field are 2 MB each, with an escape, so that both are decoded.
  { printf '{"jobtitle":"CTO\\n'; head -c 2000000 /dev/zero | tr '\0' x; printf '","industry":"\\n'; head -c 2000000 /dev/zero | tr '\0' y; printf '"}\n'; } >long
  run bash -c 'qualify --brief --max-line 4194304 long | tail -c 47'
  [ "$output" = 'y","qualification":{"score":40,"tier":"COLD"}}' ]
  run qualify --max-line 4194305 long
  [ "$status" -eq 2 ]
  run --separate-stderr qualify --brief --max-line 10 <<<'{"jobtitle":"CTO"}'
  [ "$status" -eq 1 ]
  [ "$(jq -r .error.code <<<"$output")" = line_too_long ]
}

@test "names with quotes, markup, CR LF and ESC travel as they came" {
  line='{"jobtitle":"CTO \"the\" <script>alert(1)</script>\r\n\u001b[31m","lastname":"O'"'"'Neil\r\nBcc: x"}'
  run --separate-stderr qualify --now "$NOW" <<<"$line"
  [ "$status" -eq 0 ]
  [ "${output:0:${#line}-1}" = "${line%\}}" ]
  [ "$(jq -c '.qualification.reasons[0].value' <<<"$output")" = "$(jq -c .jobtitle <<<"$line")" ]
  grep -qF '"value":"CTO \"the\" <script>alert(1)</script>\r\n\u001b[31m"' <<<"$output"
}

@test "a full disk is status 74 and says so" {
  run bash -c 'qualify --brief <<<"{\"a\":1}" 2>&1 >/dev/full'
  [ "$status" -eq 74 ]
  [ "$output" = 'qualify: writing standard output: No space left on device' ]
}

@test "a closed pipe ends it quietly" {
  awk -v n=20000 -f "$PROJECT/tests/bench/leads.awk" >leads
  run bash -c 'qualify leads 2>err | head -n 1 | wc -l; echo "${PIPESTATUS[0]}"'
  [ "${lines[0]}" = 1 ]
  [ "${lines[1]}" = 141 ]
  [ "$(cat err)" = '' ]
}

@test "a file that cannot be read is status 74" {
  run --separate-stderr qualify --brief none.jsonl
  [ "$status" -eq 74 ]
  [ "$stderr" = 'qualify: opening none.jsonl: No such file or directory' ]
}

@test "an outage upstream: the last record decides the status" {
  line='{"error":{"tool":"hs-tasks","code":"service_down","message":"x","retryable":true}}'
  run --separate-stderr qualify --brief <<<$'{"jobtitle":"CTO"}\n'"$line"
  [ "$status" -eq 69 ]
  [ "${lines[1]}" = "$line" ]
}

@test "files are read one after the other, and - is standard input" {
  echo '{"n":1}' >one
  echo '{"n":3}' >three
  run --separate-stderr qualify --brief one - three <<<'{"n":2}'
  [ "$status" -eq 0 ]
  [ "$(jq -c .n <<<"$output" | paste -sd ' ')" = '1 2 3' ]
}

@test "a record typed by hand is answered before the input ends" {
  mkfifo in out
  qualify --brief <in >out 3>&- &
  exec 8>in 9<out
  echo '{"jobtitle":"CTO"}' >&8
  read -r -t 10 answer <&9
  exec 8>&- 9<&-
  wait
  [ "$answer" = '{"jobtitle":"CTO","qualification":{"score":30,"tier":"COLD"}}' ]
}

@test "--trace appends one span for the run" {
  qualify --brief --trace spans >/dev/null <<<$'{"a":1}\n{"a":2}'
  [ "$(wc -l <spans)" -eq 1 ]
  [ "$(jq -c '[.tool, .op, .status]' spans)" = '["qualify","qualify.run","ok"]' ]
}

@test "--schema prints a JSON Schema" {
  run --separate-stderr qualify --schema
  [ "$status" -eq 0 ]
  [ "$(jq -c '.properties | keys' <<<"$output")" = '["contact","enrichment","qualification"]' ]
}

@test "no network, database or TLS library is linked" {
  run bash -c 'ldd "$(command -v qualify)"'
  [ "$status" -eq 0 ]
  for name in curl sqlite ssl cares microhttpd; do
    [[ "$output" != *"$name"* ]]
  done
}

@test "wrong usage is status 2" {
  run qualify --nonsense
  [ "$status" -eq 2 ]
  run qualify --if '.a ==' </dev/null
  [ "$status" -eq 2 ]
  run qualify --max-line x </dev/null
  [ "$status" -eq 2 ]
}

@test "SIGTERM ends a filter that waits for input; what it had read is out" {
  mkfifo "$BATS_TEST_TMPDIR/in"
  qualify --brief <"$BATS_TEST_TMPDIR/in" >"$BATS_TEST_TMPDIR/out" 3>&- &
  pid=$!
  exec 4>"$BATS_TEST_TMPDIR/in"
  echo '{"email":"a@b.co"}' >&4
  tries=0
  until [ -s "$BATS_TEST_TMPDIR/out" ]; do
    tries=$((tries + 1))
    [ "$tries" -lt 200 ]
    sleep 0.05
  done
  kill -TERM "$pid"
  status=0
  wait "$pid" || status=$?
  exec 4>&-
  [ "$status" -eq 0 ]
  [ "$(cat "$BATS_TEST_TMPDIR/out")" = '{"email":"a@b.co","qualification":{"score":10,"tier":"COLD"}}' ]
}

# -- explain --

@test "explain says who, how many points by which rules, each reason, what is missing and what is next" {
  record='{"task":{"id":"5"},"contact":{"id":"7","properties":{"firstname":"Ann","lastname":"Lee","email":"ann@x.example","jobtitle":"VP Sales"}}}'
  run --separate-stderr bash -c "qualify --now $NOW <<<'$record' | qualify explain"
  [ "$status" -eq 0 ]
  [ "$stderr" = '' ]
  [ "$output" = "Ann Lee <ann@x.example>, contact 7, task 5: 35 points, COLD, at 2026-01-05T09:00:00.000Z
  by the rules sf-v1, sha256:$(digest_of sf-v1)
  +25  title.vp: contact.jobtitle is \"VP Sales\"
  +10  email: contact.email is \"ann@x.example\"
  not known: contact.numberofemployees, contact.industry, contact.phone, contact.hs_linkedin_url, contact.hs_analytics_num_visits, contact.hs_email_open; \
known is a share of 0.25
  next: Enrich again in a week" ]
}

@test "explain takes a result once for each task, whatever stands between records, and what --brief leaves" {
  qualify --now "$NOW" <<<'{"task":{"id":"5"},"contact":{"email":"a@x.example"}}' >scored
  { cat scored scored; jq -c '.task.id = "6"' scored; jq -c '.task = "6"' scored; echo '{"effect":"archive"}'; jq -c 'del(.task)' scored; jq -c 'del(.task)' scored; } >lines
  [ "$(qualify explain lines | grep -c points)" -eq 5 ]
  run --separate-stderr bash -c "qualify --brief <<<'{\"phone\":\"1\"}' | qualify explain"
  [ "$output" = 'A lead: 5 points, COLD' ]
}

@test "explain shows points that count against, groups, and all that is known; control bytes are made visible" {
  run --separate-stderr qualify explain <<<'{"contact":{"firstname":"A\u001b[31m\nB"},"qualification":{"score":-5,"tier":"UNKNOWN","status":"x","reasons":[
{"rule":"r","points":-15,"field":"contact.a","value":null},{"rule":"g (cap)","points":10,"field":null,"value":null}],"missing":[],"coverage":1}}'
  [ "$status" -eq 1 ] # two lines: it is no record
  run --separate-stderr qualify explain <<<'{"contact":{"firstname":"A\u001b[31m\nB"},"qualification":{"score":-5,"tier":"UNKNOWN","status":"x","reasons":[{"rule":"r","points":-15,"field":"contact.a","value":null},{"rule":"g (cap)","points":10,"field":null,"value":null}],"missing":[],"coverage":1}}'
  [ "$status" -eq 0 ]
  [ "$output" = 'A\x1b[31m\x0aB: -5 points, UNKNOWN (x)
  -15  r: contact.a is empty
  +10  g (cap)
  all that the rules ask for is known' ]
}

@test "explain without any result is status 1, without input 0; a file of that name is ./explain" {
  run --separate-stderr qualify explain <<<'{"a":1}'
  [ "$status" -eq 1 ]
  [ "$output" = '' ]
  [ "$stderr" = 'qualify: explain: none of 1 records has a qualification' ]
  run --separate-stderr qualify explain </dev/null
  [ "$status" -eq 0 ]
  [ "$output" = '' ]
  echo '{"phone":"1"}' >explain
  [ "$(qualify --brief ./explain)" = '{"phone":"1","qualification":{"score":5,"tier":"COLD"}}' ]
  run --separate-stderr qualify explain missing.jsonl
  [ "$status" -eq 74 ]
}

@test "explain on a full disk is status 74, and a bad line is reported" {
  run bash -c "echo '{\"phone\":\"1\"}' | qualify | qualify explain >/dev/full"
  [ "$status" -eq 74 ]
  run --separate-stderr qualify explain <<<'{"a":'
  [ "$status" -eq 1 ]
  [[ $stderr == 'qualify: stdin:1: '* ]]
}
