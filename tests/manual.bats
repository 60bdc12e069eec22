#!/usr/bin/env bats
# The manual and the programs say the same: usage, options and examples of the pages are held against what --help prints from the option tables.

setup() { load helper; }

PROGRAMS=(hs-tasks enrich qualify outreach perfstat hs-sandbox)
# These stand in leadpipe(7) once; a program's page may leave them out.
SHARED=(config now seed trace schema quiet verbose help version)

# page FILE [SECTION]: a page as text, one long line a paragraph, or one of its sections.
page() {
  mandoc -T ascii -O width=1000 "$PROJECT/man/$1" | sed 's/.\x08//g' |
    if [ $# -gt 1 ]; then awk -v want="$2" '/^[A-Z]/ { on = $0 == want; next } on'; else cat; fi
}

squeeze() { sed 's/  */ /g; s/^ //; s/ $//; /^$/d'; }

verbs() { "$1" --help | sed -n '/^usage: [a-z-]* VERB /,$ s/^  \([a-z][a-z-]*\)  *.*/\1/p'; }

# The verbs of a program that also runs without one.
more_verbs() { "$1" --help | sed -n '/^verbs:/,$ s/^  \([a-z][a-z-]*\)  *.*/\1/p'; }

# helps PROGRAM: the help of every verb, and of the program where it runs without one.
helps() {
  local verb all
  all=$(verbs "$1")
  if [ -z "$all" ]; then "$1" --help; all=$(more_verbs "$1"); fi
  for verb in $all; do "$1" "$verb" --help; done
}

# options: from help on stdin, "--name ARG" or "-x ARG" a line.
options() { sed -nE '/^(examples|verbs):/,/^usage:/d; s/^  (-[a-zA-Z0-9], )? *(--?[a-zA-Z0-9][a-z0-9-]*( [^ a-z]+)?)( .*)?$/\2/p' | sort -u; }

is_shared() {
  local name
  for name in "${SHARED[@]}"; do [[ $1 != "--$name" && $1 != "--$name "* ]] || return 0; done
  return 1
}

# examples FILE: the commands of a page's EXAMPLES section, continued lines joined, without a prompt.
examples() { page "$1" EXAMPLES | grep -E '^ {10}' | sed -e ':a' -e '/\\$/N; s/\\\n *//; ta' | squeeze | sed 's/^\$ //'; }

@test "every program has a page with all the sections that a user looks for" {
  for program in "${PROGRAMS[@]}"; do
    [ -r "$PROJECT/man/$program.1" ]
    for section in NAME SYNOPSIS DESCRIPTION 'EXIT STATUS' EXAMPLES 'SEE ALSO'; do
      echo "$program.1: $section"
      [ -n "$(page "$program.1" "$section")" ]
    done
  done
  for other in lead.5 trace.5 leadpipe.7; do [ -n "$(page "$other" DESCRIPTION)" ]; done
}

@test "the usage of every verb is a line of its page's SYNOPSIS, and the other way round" {
  for program in "${PROGRAMS[@]}"; do
    diff <(helps "$program" | sed -n 's/^usage: //p' | squeeze | sort) <(page "$program.1" SYNOPSIS | squeeze | sort)
  done
}

@test "every option of a program is explained in its page, with its argument" {
  missing=''
  for program in "${PROGRAMS[@]}"; do
    text=$(page "$program.1" | squeeze)
    while IFS= read -r option; do
      is_shared "$option" || grep -qwF -e "$option" <<<"$text" || missing+="$program.1: $option"$'\n'
    done < <(helps "$program" | options)
  done
  echo "$missing"
  [ "$missing" = '' ]
}

@test "the shared options are explained in leadpipe(7)" {
  text=$(page leadpipe.7 | squeeze)
  for name in "${SHARED[@]}" if retry where dry-run; do
    echo "--$name"
    grep -qwF -e "--$name" <<<"$text"
  done
}

@test "no page explains an option that its program does not have" {
  unknown=''
  for program in "${PROGRAMS[@]}"; do
    known=$(helps "$program")
    while IFS= read -r option; do
      grep -qwF -e "$option" <<<"$known" || unknown+="$program.1: $option"$'\n'
    done < <(page "$program.1" | sed -nE 's/^ +(-[a-zA-Z], )?(--[a-z][a-z-]*).*/\2/p' | sort -u)
  done
  echo "$unknown"
  [ "$unknown" = '' ]
}

@test "the option lists were found: what is compared is not empty" {
  for program in "${PROGRAMS[@]}"; do [ "$(helps "$program" | options | wc -l)" -ge 8 ]; done
  [ "$(qualify --help | options | grep -cx -e '--rules FILE|NAME')" -eq 1 ]
  [ "$(hs-tasks list --help | options | grep -cx -e '-n N')" -eq 1 ]
}

@test "the examples of help and pages use verbs and options that exist" {
  wrong='' checked=0
  while IFS= read -r example; do
    while IFS= read -r command; do
      # shellcheck disable=SC2086  # words, as a shell would split them
      set -- $command
      while [[ ${1:-} == *=* ]]; do shift; done
      [ $# -gt 0 ] && [[ " ${PROGRAMS[*]} " == *" $1 "* ]] || continue
      program=$1 verb=''
      all=$(verbs "$program")
      if [ -n "$all" ]; then
        verb=${2:-}
        grep -qx -e "$verb" <<<"$all" || { [ "$verb" = --help ] || wrong+="$command: no verb \"$verb\""$'\n'; continue; }
      elif [ $# -gt 1 ] && more_verbs "$program" | grep -qx -e "$2"; then
        verb=$2
      fi
      # shellcheck disable=SC2086
      help=$("$program" $verb --help)
      for word; do
        [[ $word == --?* ]] || continue
        checked=$((checked + 1))
        grep -qwF -e "${word%%=*}" <<<"$help" || wrong+="$command: no option ${word%%=*}"$'\n'
      done
    done <<<"${example//[|;&()]/$'\n'}"
  done < <(for program in "${PROGRAMS[@]}"; do
    helps "$program" | sed -n '/^examples:/,/^usage:/ s/^  //p'
    examples "$program.1"
  done; examples leadpipe.7)
  echo "$wrong"
  [ "$wrong" = '' ]
  [ "$checked" -ge 10 ]
}

@test "an example that starts with printf stands by itself: it runs, prints, and complains about nothing" {
  ran=0
  for program in "${PROGRAMS[@]}"; do
    while IFS= read -r example; do
      [[ $example == 'printf '* ]] || continue
      cd "$BATS_TEST_TMPDIR"
      run --separate-stderr bash -o pipefail -c "$example"
      echo "$example: status $status, $stderr"
      [ "$status" -eq 0 ]
      [ "$output" != '' ]
      [ "$stderr" = '' ]
      ran=$((ran + 1))
    done < <(examples "$program.1")
  done
  [ "$ran" -ge 1 ]
}

@test "pages name only pages of ours that exist" {
  while read -r name section; do
    echo "$name($section)"
    [ -r "$PROJECT/man/$name.$section" ]
  done < <(cat "$PROJECT"/man/*.[157] | sed -nE 's/^\.Xr ([a-z-]+) ([157])( .*)?$/\1 \2/p' | sort -u |
    grep -E '^(hs-|enrich|qualify|outreach|perfstat|lead|trace|leadpipe)')
}
