#!/usr/bin/env bats
# perfstat report(1): figures against values computed here, what a sample cannot carry, and bad days.

setup() {
  load helper
  cd "$BATS_TEST_TMPDIR" || exit
}

# make_spans N: durations 1 to N ms, one a second, in a shuffled but fixed order; every tenth is an error.
make_spans() {
  awk -v n="$1" 'BEGIN {
    for (i = 0; i < n; i++) {
      ms = 1 + (i * 7919) % n
      printf "{\"ts\":\"2026-01-05T%02d:%02d:%02d.000Z\",\"tool\":\"t\",\"op\":\"web.fetch\",\"ms\":%d,\"wait_ms\":0,\"status\":\"%s\"}\n",
        9 + int(i / 3600), int(i / 60) % 60, i % 60, ms, i % 10 ? "ok" : "error"
    }
  }'
}

# exact FILE Q: the value of rank ceil(Q * n), by sorting.
exact() {
  jq .ms "$1" | sort -g | awk -v q="$2" '{ v[NR] = $1 } END { r = q * NR; r = r == int(r) ? r : int(r) + 1; print v[r] }'
}

within_1_percent() {
  awk -v got="$1" -v want="$2" 'BEGIN { d = got - want; if (d < 0) d = -d; exit !(got != "" && d <= 0.01 * want) }'
}

@test "counts, rates and moments are exact, percentiles within 1 percent of sorting" {
  make_spans 1000 >spans
  run --separate-stderr perfstat report --json spans
  [ "$status" -eq 0 ]
  [ "$stderr" = '' ]
  [ "${#lines[@]}" -eq 1 ]
  [ "$(jq -c keys_unsorted <<<"$output")" = '["key","n","errors","error_rate","throughput_per_s","mean_ms","min_ms","p50_ms","p90_ms","p95_ms","p99_ms","max_ms"]' ]
  [ "$(jq -c '[.key, .n, .errors, .error_rate, .mean_ms, .min_ms, .max_ms]' <<<"$output")" = '["web.fetch",1000,100,0.1,500.5,1,1000]' ]
  within_1_percent "$(jq .p50_ms <<<"$output")" "$(exact spans 0.5)"
  within_1_percent "$(jq .p90_ms <<<"$output")" "$(exact spans 0.9)"
  within_1_percent "$(jq .p95_ms <<<"$output")" "$(exact spans 0.95)"
  within_1_percent "$(jq .p99_ms <<<"$output")" "$(exact spans 0.99)"
}

@test "throughput is operations over the time from the first start to the last end" {
  # Starts 0 to 10 s, the last takes 1 s after waiting 1 s: 11 operations in 12 s.
  for i in {0..10}; do
    printf '{"ts":"2026-01-05T09:00:%02dZ","op":"a","ms":1000,"wait_ms":%d}\n' "$i" $((i == 10 ? 1000 : 0))
  done >spans
  run --separate-stderr perfstat report --json spans
  [ "$status" -eq 0 ]
  [ "$(jq '.throughput_per_s * 12 | round' <<<"$output")" = 11 ]
}

@test "a percentile is given only from the sample size that can carry it" {
  for row in '4 null null null null' '5 n null null null' '28 n null null null' '29 n n null null' '58 n n null null' '59 n n n null' \
    '298 n n n null' '299 n n n n'; do
    make_spans "${row%% *}" >spans
    run --separate-stderr perfstat report --json spans
    [ "$status" -eq 0 ]
    [ "$(jq -r '[.p50_ms, .p90_ms, .p95_ms, .p99_ms] | map(if . then "n" else "null" end) | join(" ")' <<<"$output")" = "${row#* }" ]
  done
}

@test "the table says what a percentile would need, and sums up" {
  printf '%s\n' '{"op":"b","ms":2}' '{"op":"a","ms":1.5}' '{"op":"a","ms":2.5,"status":"error"}' >spans
  run --separate-stderr perfstat report spans
  [ "$status" -eq 0 ]
  [ "$output" = "op     n  errors  per s  mean ms   min  p50   p90   p95    p99   max
a      2       1      -     2.00  1.50  n<5  n<29  n<59  n<299  2.50
b      1       0      -     2.00  2.00  n<5  n<29  n<59  n<299  2.00
(all)  3       1      -     2.00  1.50  n<5  n<29  n<59  n<299  2.50

Times in ms; percentiles within 1 %. n<N: that percentile needs N operations to be bounded with 95 % certainty." ]
}

@test "a percentile never passes the greatest value" {
  for i in {1..400}; do echo '{"op":"a","ms":7.77}'; done >spans
  run --separate-stderr perfstat report --json spans
  [ "$status" -eq 0 ]
  [ "$(jq -c '[.min_ms, .p50_ms, .p90_ms, .p95_ms, .p99_ms, .max_ms, .mean_ms]' <<<"$output")" = '[7.77,7.77,7.77,7.77,7.77,7.77,7.77]' ]
}

@test "--by groups by any field, sorted; a line without it counts under (none)" {
  printf '%s\n' '{"tool":"z","ms":1}' '{"tool":"a","ms":1}' '{"ms":1}' '{"tool":7,"ms":1}' '{"tool":"a","ms":3}' >spans
  run --separate-stderr perfstat report --by tool --json spans
  [ "$status" -eq 0 ]
  [ "$(jq -r '"\(.key)=\(.n)"' <<<"$output" | paste -sd ' ')" = '(none)=1 7=1 a=2 z=1' ]
}

@test "durations are found by name, in the unit that the name or --unit says" {
  check() { # LINE WANT [OPTION...]
    local line=$1 want=$2
    shift 2
    [ "$(perfstat report --json "$@" <<<"$line" | jq .max_ms)" = "$want" ]
  }
  check '{"ms":2.5}' 2.5
  check '{"duration_ms":"12"}' 12
  check '{"elapsed_us":1500}' 1.5
  check '{"latency_ns":2000000}' 2
  check '{"duration_s":0.25}' 250
  check '{"duration_seconds":0.25}' 250
  check '{"duration":3}' 3
  check '{"duration":3}' 3000 --unit s
  check '{"request_time":0.5}' 500 --unit s
  check '{"took":1,"ms":9}' 9
  check '{"x":4}' 4 --duration x
  check '{"x_us":4000}' 4 --duration x_us
  check '{"x_us":4000}' 4000 --duration x_us --unit ms
  check '{"a":{"b_s":2}}' 2000 --duration a.b_s
  check '{"x":2}' 120000 --duration x --unit m
}

@test "times are read as text, seconds, milliseconds, microseconds and nanoseconds" {
  for pair in '"2026-01-05T09:00:00Z" "2026-01-05T10:00:01+01:00"' '1767603600 1767603601' '1767603600000 1767603601000' \
    '1767603600000000 1767603601000000' '1767603600000000000 1767603601000000000' '"1767603600" "1767603601"'; do
    read -r first second <<<"$pair"
    run --separate-stderr perfstat report --json <<<"{\"at\":$first,\"ms\":0}"$'\n'"{\"at\":$second,\"ms\":0}"
    [ "$status" -eq 0 ]
    [ "$(jq .throughput_per_s <<<"$output")" = 2 ]
  done
}

@test "errors are seen in status, error, ok and success" {
  printf '%s\n' '{"ms":1,"status":"error"}' '{"ms":1,"status":500}' '{"ms":1,"status":"404"}' '{"ms":1,"error":"boom"}' '{"ms":1,"error":true}' \
    '{"ms":1,"ok":false}' '{"ms":1,"success":false}' '{"ms":1,"status":"TIMEOUT"}' \
    '{"ms":1,"status":"ok"}' '{"ms":1,"status":200}' '{"ms":1,"error":""}' '{"ms":1,"error":null}' '{"ms":1,"ok":true}' >spans
  run --separate-stderr perfstat report --json spans
  [ "$status" -eq 0 ]
  [ "$(jq -c '[.n, .errors]' <<<"$output")" = '[13,8]' ]
}

@test "--where leaves lines out; -n stops early" {
  make_spans 100 >spans
  run --separate-stderr perfstat report --where '.ms > 50' --json spans
  [ "$status" -eq 0 ]
  [ "$(jq -c '[.n, .min_ms]' <<<"$output")" = '[50,51]' ]
  run --separate-stderr perfstat report -n 7 --json spans
  [ "$status" -eq 0 ]
  [ "$(jq .n <<<"$output")" = 7 ]
  run --separate-stderr perfstat report --where '.ms > 500' spans
  [ "$status" -eq 3 ]
  [ "$stderr" = 'perfstat: no data: --where left no line' ]
}

@test "bad lines are named, counted, and status 1; the rest is reported" {
  printf '%s\n' '{"op":"a","ms":1}' 'nonsense' '{"op":"a"}' '{"op":"a","ms":"fast"}' '{"op":"a","ms":-1}' '{"op":"a","ms":1e300}' >spans
  run --separate-stderr perfstat report --json spans
  [ "$status" -eq 1 ]
  [ "$(jq .n <<<"$output")" = 1 ]
  [ "${stderr_lines[1]}" = 'perfstat: spans:3: no duration' ]
  [ "${stderr_lines[2]}" = 'perfstat: spans:4: the duration is no number' ]
  [ "${stderr_lines[3]}" = 'perfstat: spans:5: the duration is negative or out of range' ]
  [ "${stderr_lines[4]}" = 'perfstat: spans:6: the duration is negative or out of range' ]
  [ "${stderr_lines[5]}" = 'perfstat: 5 of 6 lines could not be used' ]
}

@test "a time that was asked for and is missing makes the line bad" {
  run --separate-stderr perfstat report --time when --json <<<'{"ms":1}'
  [ "$status" -eq 3 ]
  [ "${stderr_lines[0]}" = 'perfstat: stdin:1: no time' ]
}

@test "no data at all is status 3, not a pass" {
  run --separate-stderr perfstat report </dev/null
  [ "$status" -eq 3 ]
  [ "$output" = '' ]
  [ "$stderr" = 'perfstat: no data: no line has a duration' ]
}

@test "keys with control bytes and markup: escaped in the table, JSON in --json" {
  line='{"op":"a\u001b[31m<b>\r\n","ms":1}'
  run --separate-stderr perfstat report <<<"$line"
  [ "$status" -eq 0 ]
  [ "$(sed -n 2p <<<"$output" | cut -d' ' -f1)" = 'a\x1b[31m<b>\x0d\x0a' ]
  [ "$(perfstat report --json <<<"$line" | jq .key)" = '"a\u001b[31m<b>\r\n"' ]
}

@test "beyond 400 keys the rest is counted as one, and said" {
  awk 'BEGIN { for (i = 0; i < 1000; i++) printf "{\"op\":\"op%04d\",\"ms\":%d}\n", i, i }' >spans
  run --separate-stderr perfstat report --json spans
  [ "$status" -eq 0 ]
  [ "${#lines[@]}" -eq 401 ]
  [ "$(tail -n 1 <<<"$output" | jq -c '[.key, .n]')" = '["(other keys)",600]' ]
  [ "$stderr" = 'perfstat: more than 400 keys: the rest is counted as one, "(other keys)"' ]
}

@test "a line of 17 MiB, NUL, broken UTF-8 and 100,000 levels are bad lines" {
  {
    printf '{"a":"'
    head -c 17825792 /dev/zero | tr '\0' x
    printf '"}\n'
    printf '{"a":"\0"}\n'
    printf '{"a":"\xff"}\n'
    printf '{"a":'
    head -c 100000 /dev/zero | tr '\0' '['
    printf '\n{"op":"a","ms":1}\n'
  } >bad
  run --separate-stderr perfstat report --json bad
  [ "$status" -eq 1 ]
  [ "$(jq .n <<<"$output")" = 1 ]
  [ "${stderr_lines[4]}" = 'perfstat: 4 of 5 lines could not be used' ]
}

@test "a full disk is status 74" {
  run bash -c 'perfstat report --json <<<"{\"ms\":1}" 2>&1 >/dev/full'
  [ "$status" -eq 74 ]
  [ "$output" = 'perfstat: writing standard output: No space left on device' ]
}

@test "a file that cannot be read is status 74" {
  run --separate-stderr perfstat report none.jsonl
  [ "$status" -eq 74 ]
  [ "$stderr" = 'perfstat: opening none.jsonl: No such file or directory' ]
}

@test "qualify's own span is read" {
  qualify --brief --trace spans >/dev/null <<<'{"a":1}'
  run --separate-stderr perfstat report --json spans
  [ "$status" -eq 0 ]
  [ "$(jq -c '[.key, .n]' <<<"$output")" = '["qualify.run",1]' ]
}

@test "--schema describes the members of --json" {
  make_spans 300 >spans
  [ "$(perfstat report --schema | jq -c .required)" = "$(perfstat report --json spans | jq -c keys_unsorted)" ]
  [ "$(perfstat report --schema | jq -c '.properties | keys_unsorted')" = "$(perfstat report --schema | jq -c .required)" ]
}

@test "no network, database or TLS library is linked" {
  run bash -c 'ldd "$(command -v perfstat)"'
  [ "$status" -eq 0 ]
  for name in curl sqlite ssl cares microhttpd; do
    [[ "$output" != *"$name"* ]]
  done
}

@test "wrong usage is status 2" {
  run perfstat
  [ "$status" -eq 2 ]
  run perfstat nonsense
  [ "$status" -eq 2 ]
  run perfstat report --unit parsecs </dev/null
  [ "$status" -eq 2 ]
  run perfstat report --where '.a ==' </dev/null
  [ "$status" -eq 2 ]
}
