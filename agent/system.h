/* What the agent needs of Linux, without a C library: numbers, structures and raw calls for amd64 and arm64. */
#ifndef SYSTEM_H
#define SYSTEM_H

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long usize;
typedef long isize;

#if defined(__x86_64__)
enum {
  SYS_read = 0, SYS_write = 1, SYS_close = 3, SYS_socket = 41, SYS_sendto = 44, SYS_recvfrom = 45, SYS_shutdown = 48, SYS_bind = 49,
  SYS_listen = 50, SYS_setsockopt = 54, SYS_clone = 56, SYS_execve = 59, SYS_wait4 = 61, SYS_kill = 62, SYS_chdir = 80, SYS_getpid = 39,
  SYS_rt_sigprocmask = 14, SYS_prctl = 157, SYS_getdents64 = 217, SYS_exit_group = 231, SYS_openat = 257, SYS_ppoll = 271,
  SYS_accept4 = 288, SYS_signalfd4 = 289, SYS_dup3 = 292, SYS_pipe2 = 293, SYS_fcntl = 72,
};
static inline isize call6(isize n, isize a, isize b, isize c, isize d, isize e, isize f) {
  isize result;
  register isize r10 __asm__("r10") = d;
  register isize r8 __asm__("r8") = e;
  register isize r9 __asm__("r9") = f;
  __asm__ volatile("syscall" : "=a"(result) : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9) : "rcx", "r11", "memory");
  return result;
}
#elif defined(__aarch64__)
enum {
  SYS_dup3 = 24, SYS_fcntl = 25, SYS_chdir = 49, SYS_openat = 56, SYS_close = 57, SYS_pipe2 = 59, SYS_getdents64 = 61, SYS_read = 63, SYS_write = 64, SYS_ppoll = 73,
  SYS_signalfd4 = 74, SYS_exit_group = 94, SYS_kill = 129, SYS_rt_sigprocmask = 135, SYS_prctl = 167, SYS_getpid = 172, SYS_socket = 198,
  SYS_bind = 200, SYS_listen = 201, SYS_sendto = 206, SYS_recvfrom = 207, SYS_setsockopt = 208, SYS_shutdown = 210, SYS_clone = 220,
  SYS_execve = 221, SYS_accept4 = 242, SYS_wait4 = 260,
};
static inline isize call6(isize n, isize a, isize b, isize c, isize d, isize e, isize f) {
  register isize x8 __asm__("x8") = n;
  register isize x0 __asm__("x0") = a;
  register isize x1 __asm__("x1") = b;
  register isize x2 __asm__("x2") = c;
  register isize x3 __asm__("x3") = d;
  register isize x4 __asm__("x4") = e;
  register isize x5 __asm__("x5") = f;
  __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
  return x0;
}
#else
#error "amd64 and arm64 only"
#endif

#define call(n, a, b, c) call6((n), (isize)(a), (isize)(b), (isize)(c), 0, 0, 0)

enum { ENOENT = 2, EINTR = 4, EAGAIN = 11, EACCES = 13, ENOTDIR = 20, EADDRINUSE = 98 };
enum { AT_FDCWD = -100, O_RDWR = 2, O_CLOEXEC = 02000000, O_NONBLOCK = 04000, F_SETFL = 4, SIGKILL = 9, SIGPIPE = 13, SIGCHLD = 17, SIG_SETMASK = 2 };
enum { PR_SET_CHILD_SUBREAPER = 36, WNOHANG = 1 };
enum { POLLIN = 1, POLLOUT = 4, POLLERR = 8, POLLHUP = 16, POLLNVAL = 32 };
enum { AF_INET = 2, SOCK_STREAM = 1, SOCK_DGRAM = 2, SOCK_NONBLOCK = 04000, SOCK_CLOEXEC = 02000000 };
enum { SOL_SOCKET = 1, SO_REUSEADDR = 2, IPPROTO_TCP = 6, TCP_NODELAY = 1, SHUT_WR = 1, MSG_NOSIGNAL = 0x4000 };

struct pollfd { int fd; short events, revents; };
/* Port and address in network order. */
struct address { u16 family; u8 port[2]; u8 ip[4]; u8 zero[8]; };
struct timespec { isize seconds, nanoseconds; };

static inline __attribute__((noreturn)) void leave(int code) {
  for (;;) call(SYS_exit_group, code, 0, 0);
}

void *memcpy(void *to, const void *from, usize length);
void *memmove(void *to, const void *from, usize length);
void *memset(void *to, int value, usize length);

#endif
