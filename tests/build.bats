#!/usr/bin/env bats
# What was built and what is installed: read from the programs' own ELF headers, so that a flag lost on the way to the linker is noticed.

setup() { load helper; }

PROGRAMS=(hs-tasks enrich qualify outreach perfstat hs-sandbox)
PURE=(qualify perfstat)

# A sanitizer build has checks of its own in place of _FORTIFY_SOURCE.
is_sanitized() { readelf --dyn-syms -W "$LEADPIPE_BUILD/bin/$1" | grep -q '__asan_init'; }

# failing COMMAND: runs it on every program's file; prints the names of those where it fails.
failing() {
  local program
  for program in "${PROGRAMS[@]}"; do "$@" "$LEADPIPE_BUILD/bin/$program" || echo "$program"; done
}

# verbs PROGRAM: the verbs that its help lists; nothing where there are none.
verbs() { "$1" --help | sed -n '/^usage: [a-z-]* VERB /,$ s/^  \([a-z][a-z-]*\)  *.*/\1/p'; }

without_make() { env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL -u LEADPIPE_SHARE "$@"; }

# -- the ELF headers --

is_pie() { readelf -dW "$1" | grep -q 'FLAGS_1.* PIE'; }
binds_now() { readelf -dW "$1" | grep -q 'FLAGS_1.* NOW'; }
has_relro() { readelf -lW "$1" | grep -q 'GNU_RELRO'; }
stack_is_data() { readelf -lW "$1" | grep -qE 'GNU_STACK .* RW +0x'; }
no_writable_code() { ! readelf -lW "$1" | grep -qE ' LOAD .* RWE '; }
has_stack_protector() { readelf --dyn-syms -W "$1" | grep -q '__stack_chk_fail'; }
is_fortified() { is_sanitized "${1##*/}" || readelf --dyn-syms -W "$1" | grep -qE '__(v?snprintf|v?fprintf|memcpy|read)_chk'; }
has_no_path() { ! readelf -dW "$1" | grep -qE 'RPATH|RUNPATH'; }

@test "every program is there and is an ELF executable" {
  for program in "${PROGRAMS[@]}"; do
    [ -x "$LEADPIPE_BUILD/bin/$program" ]
    readelf -hW "$LEADPIPE_BUILD/bin/$program" | grep -q 'Type: *DYN'
  done
}

@test "every program is position independent" {
  run failing is_pie
  [ "$output" = '' ]
}

@test "every program resolves all symbols at the start and then makes the table read-only" {
  run failing binds_now
  [ "$output" = '' ]
  run failing has_relro
  [ "$output" = '' ]
}

@test "no program has an executable stack or a writable piece of code" {
  run failing stack_is_data
  [ "$output" = '' ]
  run failing no_writable_code
  [ "$output" = '' ]
}

@test "every program has the stack protector, and the checked libc calls unless a sanitizer stands in for them" {
  run failing has_stack_protector
  [ "$output" = '' ]
  run failing is_fortified
  [ "$output" = '' ]
}

@test "no program looks for libraries where it was built" {
  run failing has_no_path
  [ "$output" = '' ]
}

@test "qualify and perfstat link no network, no web server and no SQLite, directly or through another library" {
  for program in "${PURE[@]}"; do
    run ldd "$LEADPIPE_BUILD/bin/$program"
    [ "$status" -eq 0 ]
    [[ "$output" == *libc.so* ]]
    [ "$(grep -cE 'curl|sqlite|microhttpd|ssl|crypto|gnutls|nghttp|resolv|cares' <<<"$output")" -eq 0 ]
  done
}

@test "only the programs that speak HTTP link libcurl, and only the sandbox the web server" {
  for program in hs-tasks enrich; do readelf -dW "$LEADPIPE_BUILD/bin/$program" | grep -q 'NEEDED.*libcurl'; done
  for program in qualify perfstat outreach hs-sandbox; do
    run grep -c 'NEEDED.*libcurl' <(readelf -dW "$LEADPIPE_BUILD/bin/$program")
    [ "$output" = 0 ]
  done
  readelf -dW "$LEADPIPE_BUILD/bin/hs-sandbox" | grep -q 'NEEDED.*libmicrohttpd'
  for program in hs-tasks enrich qualify outreach perfstat; do
    run grep -c 'NEEDED.*libmicrohttpd' <(readelf -dW "$LEADPIPE_BUILD/bin/$program")
    [ "$output" = 0 ]
  done
}

# -- what every program answers --

@test "every program tells its version in one line" {
  version=$(sed -n 's/^VERSION := //p' "$PROJECT/Makefile")
  [ -n "$version" ]
  for program in "${PROGRAMS[@]}"; do
    run --separate-stderr "$program" --version
    [ "$status" -eq 0 ]
    [ "$output" = "$program (leadpipe) $version" ]
    [ "$stderr" = '' ]
  done
}

@test "every program and every verb has a help of at most 40 lines that starts with its usage" {
  for program in "${PROGRAMS[@]}"; do
    for verb in '' $(verbs "$program"); do
      # shellcheck disable=SC2086  # no verb is no word
      run --separate-stderr "$program" $verb --help
      echo "$program $verb: ${#lines[@]} lines, status $status"
      [ "$status" -eq 0 ]
      [ "$stderr" = '' ]
      [ "$(wc -l <<<"$output")" -le 40 ]
      [[ "${lines[0]}" == "usage: $program${verb:+ $verb}"* ]]
    done
  done
}

@test "an unknown option, an unknown verb and an option without its argument are usage errors, explained on stderr" {
  for program in "${PROGRAMS[@]}"; do
    for verb in '' $(verbs "$program"); do
      for wrong in --no-such-option --config; do
        [ -n "$verb" ] || [ -z "$(verbs "$program")" ] || [ "$wrong" = --no-such-option ] || continue
        # shellcheck disable=SC2086
        run --separate-stderr "$program" $verb "$wrong" </dev/null
        echo "$program $verb $wrong: status $status, $stderr"
        [ "$status" -eq 2 ]
        [ "$output" = '' ]
        [[ "${stderr_lines[0]}" == "$program: "*"$wrong"* ]]
        [[ "${stderr_lines[1]}" == "usage: $program"* ]]
      done
    done
    [ -n "$(verbs "$program")" ] || continue
    run --separate-stderr "$program" no-such-verb
    [ "$status" -eq 2 ]
    [ "${stderr_lines[0]}" = "$program: unknown verb \"no-such-verb\"; $program --help lists them" ]
    run --separate-stderr "$program"
    [ "$status" -eq 2 ]
    [ "$output" = '' ]
  done
}

@test "help that cannot be written is an error, not silence" {
  for program in "${PROGRAMS[@]}"; do
    run bash -c '"$1" --help >/dev/full' - "$program"
    [ "$status" -eq 74 ]
    [ "$output" = "$program: writing standard output: No space left on device" ]
  done
}

# -- installing --

@test "install puts programs, manual pages and data below DESTDIR, and uninstall takes every file away again" {
  root=$BATS_TEST_TMPDIR/root
  run without_make make -s -C "$PROJECT" BUILD="$LEADPIPE_BUILD" DESTDIR="$root" PREFIX=/opt/lp install
  [ "$status" -eq 0 ]
  for program in "${PROGRAMS[@]}" task-monitor; do [ "$(stat -c %a "$root/opt/lp/bin/$program")" = 755 ]; done
  # every page of man/ and every file of share/, and nothing else
  diff <(cd "$PROJECT/man" && ls -- *.[157]) <(find "$root/opt/lp/share/man" -type f -printf '%f\n' | sort)
  for page in "$root"/opt/lp/share/man/man?/*; do [[ $page == */man${page##*.}/* ]]; done
  diff -r "$PROJECT/share" "$root/opt/lp/share/leadpipe"
  [ "$(find "$root" -mindepth 1 -maxdepth 1)" = "$root/opt" ]

  run without_make make -s -C "$PROJECT" BUILD="$LEADPIPE_BUILD" DESTDIR="$root" PREFIX=/opt/lp uninstall
  [ "$status" -eq 0 ]
  [ "$(find "$root" ! -type d)" = '' ]
}

@test "an installed program finds its data beside itself, wherever the prefix was moved to" {
  root=$BATS_TEST_TMPDIR/root
  without_make make -s -C "$PROJECT" BUILD="$LEADPIPE_BUILD" DESTDIR="$root" PREFIX=/opt/lp install
  mv "$root/opt/lp" "$BATS_TEST_TMPDIR/moved"
  run --separate-stderr without_make "$BATS_TEST_TMPDIR/moved/bin/qualify" <<<'{"contact":{"properties":{"jobtitle":"CTO"}}}'
  [ "$status" -eq 0 ]
  [ "$(jq -r .qualification.rules.name <<<"$output")" = sf-v1 ]
  # and there only: without them it says so
  rm "$BATS_TEST_TMPDIR/moved/share/leadpipe/rules/sf-v1.json"
  run --separate-stderr without_make "$BATS_TEST_TMPDIR/moved/bin/qualify" <<<'{}'
  [ "$status" -eq 2 ]
  [[ "$stderr" == *sf-v1* ]]
}

@test "the tarball holds what is needed to build, and nothing that was built" {
  git -C "$PROJECT" rev-parse --git-dir >/dev/null 2>&1 || skip "no git history here to make a tarball from"
  out=$BATS_TEST_TMPDIR/dist
  mkdir "$out"
  without_make make -s -C "$PROJECT" BUILD="$out" dist
  tar -tzf "$out"/leadpipe-*.tar.gz >"$out/list"
  for file in Makefile LICENSE scripts/bootstrap lib/base/buf.c bin/qualify/main.c man/qualify.1 share/rules/sf-v1.json tests/helper.bash; do
    grep -qx "leadpipe-[^/]*/$file" "$out/list"
  done
  [ "$(grep -cE '/build/|node_modules|\.o$' "$out/list")" -eq 0 ]
}
