/*
 * The agent inside an environment. Without an argument it serves the network (egress.c); `run` runs commands where the image has no shell
 * (run.c); `keep` lives until its input ends, `stay` until it is stopped.
 */
#include "system.h"

void serve(void);
void run(char **environment);

/* The compiler calls these by itself. */
void *memcpy(void *to, const void *from, usize length) {
  u8 *t = to;
  const u8 *f = from;
  while (length--) *t++ = *f++;
  return to;
}
void *memmove(void *to, const void *from, usize length) {
  u8 *t = to;
  const u8 *f = from;
  if (t <= f) return memcpy(to, from, length);
  while (length--) t[length] = f[length];
  return to;
}
void *memset(void *to, int value, usize length) {
  u8 *t = to;
  while (length--) *t++ = (u8)value;
  return to;
}

/* The stack holds the number of arguments, the arguments, null, the environment, null. */
#if defined(__x86_64__)
__asm__(".globl _start\n_start:\n xor %rbp, %rbp\n mov %rsp, %rdi\n and $-16, %rsp\n call begin\n");
#else
__asm__(".globl _start\n_start:\n mov x29, #0\n mov x0, sp\n bl begin\n");
#endif

static void keep(void) {
  static u8 ignored[512];
  for (;;) {
    isize n = call(SYS_read, 0, ignored, sizeof ignored);
    if (n != -EINTR && n <= 0) leave(0);
  }
}

__attribute__((noreturn, used)) void begin(usize *stack) {
  usize count = stack[0];
  char **arguments = (char **)(stack + 1);
  char mode = count > 1 ? arguments[1][0] : 0;
  if (mode == 'k') keep();
  else if (mode == 'r') run(arguments + count + 1);
  else if (mode == 's') for (;;) call6(SYS_ppoll, 0, 0, 0, 0, 0, 0);
  else serve();
  leave(0);
}
