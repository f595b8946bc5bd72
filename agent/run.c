/*
 * Runs commands in an image without a shell. It says `R PID` on standard error when it is ready. A request is a length (4 bytes, big endian)
 * and strings that end in NUL: the nonce, then
 *
 *   run HOW CWD COUNT ARGUMENT… COUNT NAME=VALUE…   HOW: `none` (no input), `stdin` (the rest of the input is the command's) or `live`
 *                                                   (parts of the command's input follow, a length of 4 bytes before each; 0 ends it)
 *   kill PID MARK                                   everything that descends from PID or has MARK in its environment, and PID
 *   count                                           nothing
 *
 * The answer is `NONCE EXITCODE OOMKILLS COUNT` on both streams, as the shell stub gives it; `NONCE missing` and `NONCE cwd` before it say why a
 * command could not begin. After `run` the agent ends. It adopts what the command leaves behind, so that a kill finds everything; when its
 * own input ends while a command without input or with live input runs, its owner is gone, and everything is killed.
 */
#include "system.h"

enum { REQUEST = 4 << 20, STRINGS = 16384, PROCESSES = 32768, ENVIRONMENT = 128 << 10 };

static char request[REQUEST + 1];
static char *end_of_request;
static char *arguments[STRINGS], *variables[STRINGS];
static char *nonce;
static int pids[PROCESSES], parents[PROCESSES];
static u8 hit[PROCESSES];
static char text[ENVIRONMENT];

static usize length_of(const char *s) {
  usize n = 0;
  while (s[n]) n++;
  return n;
}

static int same(const char *a, const char *b, usize length) {
  for (usize i = 0; i < length; i++) if (a[i] != b[i]) return 0;
  return 1;
}

static void say(int fd, const char *s) {
  usize length = length_of(s);
  while (length) {
    isize n = call(SYS_write, fd, s, length);
    if (n == -EINTR) continue;
    if (n <= 0) return;
    s += n;
    length -= (usize)n;
  }
}

static char *append(char *to, const char *s) {
  while (*s) *to++ = *s++;
  *to = 0;
  return to;
}

static char *append_number(char *to, long number) {
  char digits[24], *at = digits + sizeof digits - 1;
  *at = 0;
  do *--at = (char)('0' + number % 10);
  while (number /= 10);
  return append(to, at);
}

static long number_at(const char *s) {
  long n = 0;
  while (*s >= '0' && *s <= '9') n = n * 10 + (*s++ - '0');
  return n;
}

/* The content of a file in `text`, cut at its size; negative when it cannot be read. */
static isize slurp(const char *path) {
  int fd = (int)call6(SYS_openat, AT_FDCWD, (isize)path, O_CLOEXEC, 0, 0, 0);
  if (fd < 0) return fd;
  isize total = 0, n;
  while (total < ENVIRONMENT - 1 && (n = call(SYS_read, fd, text + total, ENVIRONMENT - 1 - total)) != 0) {
    if (n == -EINTR) continue;
    if (n < 0) break;
    total += n;
  }
  call(SYS_close, fd, 0, 0);
  text[total] = 0;
  return total;
}

/* How many processes of the container the kernel has killed for memory. */
static long oom_count(void) {
  isize n = slurp("/sys/fs/cgroup/memory.events");
  if (n < 0) n = slurp("/sys/fs/cgroup/memory/memory.oom_control");
  for (isize i = 0; i + 9 < n; i++) {
    if ((i == 0 || text[i - 1] == '\n') && same(text + i, "oom_kill ", 9)) return number_at(text + i + 9);
  }
  return 0;
}

static void answer(long code, long killed, long count) {
  char line[256];
  char *at = append(line, nonce);
  at = append_number(append(at, " "), code);
  at = append_number(append(at, " "), killed);
  at = append_number(append(at, " "), count);
  append(at, "\n");
  say(1, line);
  say(2, line);
}

static void note(const char *word) {
  char line[256];
  append(append(append(append(line, nonce), " "), word), "\n");
  say(2, line);
}

/* Fills `pids` and `parents` with what lives; zombies are left out. */
static int list_processes(void) {
  static u8 entries[32768];
  int count = 0;
  int fd = (int)call6(SYS_openat, AT_FDCWD, (isize)"/proc", O_CLOEXEC, 0, 0, 0);
  if (fd < 0) return 0;
  isize n;
  while ((n = call(SYS_getdents64, fd, entries, sizeof entries)) > 0) {
    for (isize at = 0; at < n;) {
      u16 size = *(u16 *)(entries + at + 16);
      char *name = (char *)entries + at + 19;
      at += size;
      if (name[0] < '1' || name[0] > '9' || count == PROCESSES) continue;
      char path[64];
      append(append(append(path, "/proc/"), name), "/stat");
      isize length = slurp(path);
      char *after = 0;
      for (isize i = 0; i < length; i++) if (text[i] == ')') after = text + i + 2;
      if (!after || *after == 'Z' || *after == 'X') continue;
      pids[count] = (int)number_at(name);
      parents[count++] = (int)number_at(after + 2);
    }
  }
  call(SYS_close, fd, 0, 0);
  return count;
}

static int has_mark(int pid, const char *mark) {
  char path[64];
  append(append_number(append(path, "/proc/"), pid), "/environ");
  usize length = length_of(mark);
  isize size = slurp(path);
  for (isize i = 0; i + (isize)length <= size; i++) if (same(text + i, mark, length)) return 1;
  return 0;
}

/* Kills what descends from `root` or has the mark, until nothing is left; 0 when that is so. */
static long kill_tree(int root, const char *mark, int root_too) {
  int self = (int)call(SYS_getpid, 0, 0, 0);
  for (int round = 0; round < 1000; round++) {
    int count = list_processes(), found = 0, grown = 1;
    for (int i = 0; i < count; i++) {
      hit[i] = (pids[i] == root && root_too) || (mark && pids[i] != self && has_mark(pids[i], mark));
    }
    while (grown) {
      grown = 0;
      for (int i = 0; i < count; i++) {
        if (hit[i] || pids[i] == 1) continue;
        int below = parents[i] == root;
        for (int j = 0; j < count && !below; j++) below = hit[j] && pids[j] == parents[i];
        if (below) hit[i] = 1, grown = 1;
      }
    }
    for (int i = 0; i < count; i++) {
      if (!hit[i] || pids[i] == self || pids[i] == 1) continue;
      found = 1;
      call(SYS_kill, pids[i], SIGKILL, 0);
    }
    if (!found) return 0;
  }
  return 1;
}

static const char *variable(const char *name) {
  usize length = length_of(name);
  for (char **v = variables; *v; v++) if (same(*v, name, length) && (*v)[length] == '=') return *v + length + 1;
  return 0;
}

/* Live input on its way from the agent's own to the command's. */
static struct {
  int to;                /* The command's; -1 when it is closed, what comes then is dropped. */
  u8 size[4];
  u32 size_bytes, left;  /* Of the length that is being read; of the part behind it. */
  u8 bytes[32768];
  usize from, length;    /* What waits in `bytes`. */
} live;

static void close_live(void) {
  if (live.to >= 0) call(SYS_close, live.to, 0, 0);
  live.to = -1;
  live.length = 0;
}

/* Takes what has come, when nothing waits any more; 0 when there will be no more. */
static int take_live(void) {
  isize n;
  if (live.left == 0) {
    n = call(SYS_read, 0, live.size + live.size_bytes, 4 - live.size_bytes);
    if (n <= 0) return n == -EINTR;
    live.size_bytes += (u32)n;
    if (live.size_bytes < 4) return 1;
    live.size_bytes = 0;
    live.left = (u32)live.size[0] << 24 | (u32)live.size[1] << 16 | (u32)live.size[2] << 8 | live.size[3];
    if (live.left == 0) close_live();
    return 1;
  }
  n = call(SYS_read, 0, live.bytes, live.left < sizeof live.bytes ? live.left : sizeof live.bytes);
  if (n <= 0) return n == -EINTR;
  live.left -= (u32)n;
  live.from = 0;
  live.length = live.to < 0 ? 0 : (usize)n;
  return 1;
}

static void pass_live(void) {
  isize n = call(SYS_write, live.to, live.bytes + live.from, live.length);
  if (n == -EAGAIN || n == -EINTR) return;
  if (n < 0) {
    close_live();
    return;
  }
  live.from += (usize)n;
  live.length -= (usize)n;
}

/* The child: becomes the command, or says why it cannot. `input` replaces its own, unless it is 0. */
static void become(const char *folder, int input, const usize *mask) {
  call6(SYS_rt_sigprocmask, SIG_SETMASK, (isize)mask, 0, 8, 0, 0);
  if (input > 0) call(SYS_dup3, input, 0, 0);
  if (input < 0) {
    int fd = (int)call6(SYS_openat, AT_FDCWD, (isize)"/dev/null", O_RDWR, 0, 0, 0);
    call(SYS_dup3, fd, 0, 0);
    if (fd > 2) call(SYS_close, fd, 0, 0);
  }
  if (*folder && call(SYS_chdir, folder, 0, 0) < 0) {
    note("cwd");
    leave(126);
  }
  char *program = arguments[0];
  for (char *c = program; *c; c++) {
    if (*c != '/') continue;
    isize failed = call(SYS_execve, program, arguments, variables);
    if (failed == -ENOENT || failed == -ENOTDIR) note("missing");
    leave(failed == -EACCES ? 126 : 127);
  }
  const char *path = variable("PATH");
  if (!path) path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  int denied = 0;
  while (*path) {
    static char full[8192];
    usize n = 0;
    while (path[n] && path[n] != ':') n++;
    if (n + length_of(program) + 2 < sizeof full) {
      memcpy(full, path, n);
      full[n] = '/';
      append(full + n + 1, program);
      isize failed = call(SYS_execve, full, arguments, variables);
      if (failed != -ENOENT && failed != -ENOTDIR) denied = 1;
    }
    path += n + (path[n] == ':');
  }
  if (!denied) note("missing");
  leave(denied ? 126 : 127);
}

static void run_command(char *at, char **environment) {
  char how = at[0];
  at += length_of(at) + 1;
  char *folder = at;
  at += length_of(at) + 1;
  long count = number_at(at);
  at += length_of(at) + 1;
  for (long i = 0; i < count && i < STRINGS - 1 && at < end_of_request; i++, at += length_of(at) + 1) arguments[i] = at;
  count = number_at(at);
  at += length_of(at) + 1;
  long given = 0;
  for (; given < count && given < STRINGS - 1 && at < end_of_request; given++, at += length_of(at) + 1) variables[given] = at;
  long total = given;
  for (char **inherited = environment; *inherited && total < STRINGS - 1; inherited++) {
    usize name = 0;
    while ((*inherited)[name] && (*inherited)[name] != '=') name++;
    int replaced = 0;
    for (long i = 0; i < given && !replaced; i++) replaced = same(variables[i], *inherited, name) && variables[i][name] == '=';
    if (!replaced) variables[total++] = *inherited;
  }

  call(SYS_prctl, PR_SET_CHILD_SUBREAPER, 1, 0);
  usize children = 1ul << (SIGCHLD - 1), quiet = children | 1ul << (SIGPIPE - 1), before = 0;
  call6(SYS_rt_sigprocmask, 0, (isize)&quiet, (isize)&before, 8, 0, 0);
  int signals = (int)call6(SYS_signalfd4, -1, (isize)&children, 8, O_CLOEXEC, 0, 0);
  long oom = oom_count();
  int ends[2] = {-1, -1};
  if (how == 'l') call(SYS_pipe2, ends, O_CLOEXEC, 0);
  int child = (int)call6(SYS_clone, SIGCHLD, 0, 0, 0, 0, 0);
  if (child == 0) become(folder, how == 's' ? 0 : ends[0], &before);
  live.to = ends[1];
  if (how == 'l') {
    call(SYS_close, ends[0], 0, 0);
    call(SYS_fcntl, ends[1], F_SETFL, O_NONBLOCK);
  }
  if (child < 0) {
    say(2, "the environment may start no more processes\n");
    answer(126, 0, oom);
    leave(0);
  }
  for (;;) {
    int status, ended;
    while ((ended = (int)call6(SYS_wait4, -1, (isize)&status, WNOHANG, 0, 0, 0)) > 0) {
      if (ended != child) continue;
      long killed = oom_count();
      answer(status & 0x7f ? 128 + (status & 0x7f) : (status >> 8) & 0xff, killed - oom, killed);
      leave(0);
    }
    /* While the command does not take what has come, nothing more is read; the end of the owner is heard of all the same. */
    struct pollfd wait[3] = {
      {signals, POLLIN, 0}, {how == 's' ? -1 : 0, live.length ? 0 : POLLIN, 0}, {live.length ? live.to : -1, POLLOUT, 0},
    };
    call6(SYS_ppoll, (isize)wait, 3, 0, 0, 0, 0);
    static u8 ignored[256];
    if (wait[0].revents) call(SYS_read, signals, ignored, sizeof ignored);
    if (wait[2].revents) pass_live();
    int gone = 0;
    if (wait[1].revents & POLLIN) gone = how == 'l' ? !take_live() : call(SYS_read, 0, ignored, sizeof ignored) <= 0;
    else if (wait[1].revents) gone = 1;
    if (gone) {
      kill_tree((int)call(SYS_getpid, 0, 0, 0), 0, 0);
      leave(1);
    }
  }
}

static int read_all(char *to, usize length) {
  while (length) {
    isize n = call(SYS_read, 0, to, length);
    if (n == -EINTR) continue;
    if (n <= 0) return 0;
    to += n;
    length -= (usize)n;
  }
  return 1;
}

void run(char **environment) {
  for (;;) {
    char line[64];
    append(append_number(append(line, "R "), (long)call(SYS_getpid, 0, 0, 0)), "\n");
    say(2, line);
    u8 size[4];
    if (!read_all((char *)size, 4)) leave(0);
    usize length = (usize)size[0] << 24 | (usize)size[1] << 16 | (usize)size[2] << 8 | size[3];
    if (length > REQUEST || !read_all(request, length)) leave(2);
    request[length] = 0;
    end_of_request = request + length;
    nonce = request;
    char *what = nonce + length_of(nonce) + 1;
    char *rest = what + length_of(what) + 1;
    if (length_of(nonce) > 128) leave(2);
    if (*what == 'r') run_command(rest, environment);
    else if (*what == 'k') answer(kill_tree((int)number_at(rest), rest + length_of(rest) + 1, 1), 0, oom_count());
    else answer(0, 0, oom_count());
  }
}
