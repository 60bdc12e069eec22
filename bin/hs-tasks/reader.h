/* bin/hs-tasks/reader.h - the pipe that we write to: how much it takes, and who reads it (by /proc). */
#ifndef HS_TASKS_READER_H
#define HS_TASKS_READER_H
#include <stdbool.h>
#include <stddef.h>

enum { READER_PROCESSES = 16 };

bool reader_is_pipe(int fd);

/* How many bytes can be written without waiting, by the pipe's capacity; SIZE_MAX for what is no pipe. */
size_t reader_room(int fd);

bool reader_is_empty(int fd);

/* The ids of the processes that have the other end of the pipe open, at most READER_PROCESSES; their number. Those of other users, those that hide from us
 * (PR_SET_DUMPABLE), and our own ancestors are not among them: a shell that reads us by $(...) waits for our end. */
size_t readers_find(int pipe_fd, int pids[READER_PROCESSES]);
#endif
