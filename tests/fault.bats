#!/usr/bin/env bats
# The tools of the crash tests themselves: killat, and the assertions on a portal's database.

setup() {
  load helper
  cd "$BATS_TEST_TMPDIR" || return
}
teardown() { stop_sandbox; }

# -- killat --

@test "killat counts the calls that reach the outer world, and hands on input, output and status" {
  run --separate-stderr bash -c "echo in | killat -o calls -- sh -c 'read -r x; echo \"\$x\"; echo err >&2; echo b >f; exit 7' | cat"
  [ "$status" -eq 0 ]
  [ "$output" = in ]
  [ "$stderr" = err ]
  [ "$(cat calls)" = 4 ] # two lines, a file made, a line in it
  run killat -o calls -- sh -c 'exit 7'
  [ "$status" -eq 7 ]
  [ "$(cat calls)" = 0 ]
  run killat -o calls -- sh -c 'kill -USR1 $$'
  [ "$status" -eq 138 ]
  run --separate-stderr killat -- true
  [ "$stderr" = 0 ]
}

@test "killat kills just before the call, which does not happen any more" {
  for k in 1 2 3; do
    run killat -k $k -o calls -- sh -c 'echo 1; echo 2; echo 3; exit 4'
    [ "$status" -eq 137 ]
    [ "$output" = "$(seq $((k - 1)))" ]
    [ "$(cat calls)" = "$k write" ]
  done
  run killat -k 4 -o calls -- sh -c 'echo 1; echo 2; echo 3; exit 4'
  [ "$status" -eq 4 ]
  [ "$output" = $'1\n2\n3' ]
  [ "$(cat calls)" = 3 ]
  run killat -k 1 -o calls -- sh -c 'echo a >f'
  [ "$status" -eq 137 ]
  [ ! -e f ]
  [ "$(cat calls)" = '1 openat' ]
  run killat -k 2 -- sh -c 'echo a >f'
  [ "$(stat -c %s f)" -eq 0 ]
}

@test "killat shows each call on demand, and counts the set that it is told to" {
  echo a >f
  killat -s -o calls -- sh -c 'read -r x <f; echo a >f; echo b'
  [ "$(cat calls)" = $'1 openat\n2 write\n3 write\n3' ]
  killat -e write -s -o calls -- sh -c 'read -r x <f; echo a >f; echo b'
  [ "$(cat calls)" = $'1 write\n2 write\n2' ]
  killat -e outer,read -o calls -- sh -c 'read -r x <f; echo a >f; echo b'
  [ "$(cat calls)" -gt 3 ]
  killat -e all -o calls -- sh -c 'read -r x <f; echo a >f; echo b'
  [ "$(cat calls)" -gt 20 ]
  run killat -e zork -- true
  [ "$status" -eq 2 ]
  [ "$output" = 'killat: no system call is called "zork" here' ]
  for bad in '' '-k x -- true' '-k 1' '-z -- true'; do
    # shellcheck disable=SC2086  # words
    run killat $bad
    [ "$status" -eq 2 ]
  done
  run -127 --separate-stderr killat -o calls -- ./missing
  [ "$stderr" = 'killat: ./missing: No such file or directory' ]
}

@test "killat counts every thread of the program, none of its children" {
  cat >threads.c <<'END'
#include <pthread.h>
#include <unistd.h>
static void *run(void *name)
{
	for (int i = 0; i < 50; i++)
		if (write(1, name, 2) != 2)
			return name;
	return NULL;
}
int main(void)
{
	pthread_t threads[4];
	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, run, "x\n");
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	return 3;
}
END
  cc -pthread -o threads threads.c
  status=0
  killat -o calls -- ./threads >out || status=$?
  [ "$status" -eq 3 ]
  [ "$(cat calls)" = 200 ]
  [ "$(wc -l <out)" -eq 200 ]
  status=0
  killat -k 60 -o calls -- ./threads >out || status=$?
  [ "$status" -eq 137 ]
  [ "$(cat calls)" = '60 write' ]
  written=$(wc -l <out) # the other threads may have had a call of their own under way
  [ "$written" -ge 56 ]
  [ "$written" -le 62 ]
  run killat -o calls -- sh -c '/bin/echo child; (echo another); echo own'
  [ "$output" = $'child\nanother\nown' ]
  [ "$(cat calls)" = 1 ]
}

gone() { [ ! -e "/proc/$1" ] || grep -q '^State:.Z' "/proc/$1/status"; }

@test "killat killed takes the program with it; told to end, it tells the program" {
  killat -- sh -c 'echo $$ >pid; exec sleep 60' 3>&- &
  killer=$!
  until [ -s pid ]; do sleep 0.02; done
  kill -KILL "$killer"
  wait "$killer" || true
  until gone "$(cat pid)"; do sleep 0.02; done
  rm pid
  killat -o calls -- sh -c 'trap "echo told; exit 5" TERM; echo $$ >pid; while :; do sleep 0.05; done' >out 3>&- &
  killer=$!
  until [ -s pid ]; do sleep 0.02; done
  kill -STOP "$(cat pid)"
  kill -CONT "$(cat pid)"
  kill -TERM "$killer"
  status=0
  wait "$killer" || status=$?
  [ "$status" -eq 5 ]
  [ "$(cat out)" = told ]
}
