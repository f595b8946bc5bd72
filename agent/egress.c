/*
 * The network of a container that has none. The agent offers a DNS server and TCP listeners on loopback and carries what they get over its
 * standard streams to the runner, which decides by name and dials. It decides nothing itself: a container that replaces it gains nothing.
 *
 * Both ways a frame is: type (1 byte), id (4, big endian), length (4), payload.
 *
 *   to the runner    R          it serves          B           another agent serves here; it takes over when that one ends
 *                    L          it listens there
 *                    Q slot     a DNS query        O stream    a connection was accepted; payload: address (4), port (2)
 *   to the agent     A slot     the DNS answer     L           listen at payload: address (4), port (2)
 *   both             D stream   data               F stream    no more data from this side
 *                    W stream   payload (4): so many more bytes may be sent       X stream   the stream is gone
 *
 * It ends when its standard input ends.
 */
#include "system.h"

enum { LISTENERS = 1024, STREAMS = 256, SLOTS = 64, WINDOW = 65536, FRAME = 32768, HEADER = 9, DNS_SIZE = 1500 };

struct stream {
  int fd;              /* 0: free */
  u32 id;
  u32 credit;          /* bytes that may go to the runner */
  u32 start, length;   /* what waits for the client, in `buffers` */
  u32 taken;           /* written to the client, not told yet */
  u8 local_ended;      /* the client sends no more */
  u8 remote_ended;     /* the runner sends no more */
  u8 shut;             /* and the client was told */
};

static struct stream streams[STREAMS];
static u8 buffers[STREAMS][WINDOW];
static int listeners[LISTENERS];
static struct address listening[LISTENERS];
static u32 listener_count;
static struct address slots[SLOTS];
static u32 next_slot;
static u32 generation;
static int dns = -1;
static u8 input[HEADER + FRAME + FRAME];
static u32 input_length;
static u8 output[HEADER + FRAME];
static struct pollfd polled[2 + LISTENERS + STREAMS];

static void put32(u8 *at, u32 value) {
  at[0] = (u8)(value >> 24), at[1] = (u8)(value >> 16), at[2] = (u8)(value >> 8), at[3] = (u8)value;
}

static u32 get32(const u8 *at) {
  return (u32)at[0] << 24 | (u32)at[1] << 16 | (u32)at[2] << 8 | at[3];
}

/* Sends a frame; the payload lies in `output` behind the header already, or is copied there. */
static void send_frame(u8 type, u32 id, const u8 *payload, u32 length) {
  output[0] = type;
  put32(output + 1, id);
  put32(output + 5, length);
  if (payload) memcpy(output + HEADER, payload, length);
  u32 sent = 0;
  while (sent < HEADER + length) {
    isize n = call(SYS_write, 1, output + sent, HEADER + length - sent);
    if (n == -EINTR) continue;
    if (n == -EAGAIN) {
      struct pollfd out = {1, POLLOUT, 0};
      call6(SYS_ppoll, (isize)&out, 1, 0, 0, 0, 0);
      continue;
    }
    if (n <= 0) leave(1);
    sent += (u32)n;
  }
}

static void drop(struct stream *s, int tell) {
  if (tell) send_frame('X', s->id, 0, 0);
  call(SYS_close, s->fd, 0, 0);
  s->fd = 0;
}

static struct stream *stream_of(u32 id) {
  struct stream *s = &streams[id % STREAMS];
  return s->fd && s->id == id ? s : 0;
}

/* Both directions are over: the runner knows it as well as we do. */
static void finish(struct stream *s) {
  if (s->local_ended && s->shut) drop(s, 0);
}

/* Writes what waits for the client, and then the end. */
static void flush(struct stream *s) {
  while (s->length) {
    u32 chunk = s->length;
    if (s->start + chunk > WINDOW) chunk = WINDOW - s->start;
    isize n = call6(SYS_sendto, s->fd, (isize)(buffers[s - streams] + s->start), chunk, MSG_NOSIGNAL, 0, 0);
    if (n == -EINTR) continue;
    if (n == -EAGAIN) break;
    if (n <= 0) {
      drop(s, 1);
      return;
    }
    s->start = (s->start + (u32)n) % WINDOW;
    s->length -= (u32)n;
    s->taken += (u32)n;
  }
  if (s->taken >= WINDOW / 4 || (s->taken && !s->length)) {
    u8 more[4];
    put32(more, s->taken);
    s->taken = 0;
    send_frame('W', s->id, more, 4);
  }
  if (!s->length && s->remote_ended && !s->shut) {
    s->shut = 1;
    call(SYS_shutdown, s->fd, SHUT_WR, 0);
    finish(s);
  }
}

static void take_from_client(struct stream *s) {
  u32 most = s->credit < FRAME ? s->credit : FRAME;
  isize n = call(SYS_read, s->fd, output + HEADER, most);
  if (n == -EINTR || n == -EAGAIN) return;
  if (n < 0) {
    drop(s, 1);
  } else if (n == 0) {
    s->local_ended = 1;
    send_frame('F', s->id, 0, 0);
    finish(s);
  } else {
    s->credit -= (u32)n;
    send_frame('D', s->id, 0, (u32)n);
  }
}

static void accept_client(u32 index) {
  int fd = (int)call6(SYS_accept4, listeners[index], 0, 0, SOCK_NONBLOCK | SOCK_CLOEXEC, 0, 0);
  if (fd < 0) return;
  for (u32 i = 0; i < STREAMS; i++) {
    struct stream *s = &streams[i];
    if (s->fd) continue;
    *s = (struct stream){0};
    s->fd = fd;
    s->id = ++generation * STREAMS + i;
    s->credit = WINDOW;
    int on = 1;
    call6(SYS_setsockopt, fd, IPPROTO_TCP, TCP_NODELAY, (isize)&on, sizeof on, 0);
    u8 where[6];
    memcpy(where, listening[index].ip, 4);
    memcpy(where + 4, listening[index].port, 2);
    send_frame('O', s->id, where, 6);
    return;
  }
  call(SYS_close, fd, 0, 0);
}

static void listen_at(const u8 *where) {
  struct address at = {AF_INET, {where[4], where[5]}, {where[0], where[1], where[2], where[3]}, {0}};
  if (listener_count == LISTENERS) return;
  int fd = (int)call(SYS_socket, AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return;
  int on = 1;
  call6(SYS_setsockopt, fd, SOL_SOCKET, SO_REUSEADDR, (isize)&on, sizeof on, 0);
  if (call(SYS_bind, fd, &at, sizeof at) < 0 || call(SYS_listen, fd, 128, 0) < 0) {
    call(SYS_close, fd, 0, 0);
    return;
  }
  listening[listener_count] = at;
  listeners[listener_count++] = fd;
}

static void take_query(void) {
  u32 slot = next_slot++ % SLOTS;
  u32 size = sizeof slots[slot];
  isize n = call6(SYS_recvfrom, dns, (isize)(output + HEADER), DNS_SIZE, 0, (isize)&slots[slot], (isize)&size);
  if (n > 0) send_frame('Q', slot, 0, (u32)n);
}

static void take_frame(u8 type, u32 id, const u8 *payload, u32 length) {
  struct stream *s = stream_of(id);
  switch (type) {
    case 'L':
      if (length == 6) listen_at(payload);
      send_frame('L', 0, 0, 0);
      break;
    case 'A':
      call6(SYS_sendto, dns, (isize)payload, length, MSG_NOSIGNAL, (isize)&slots[id % SLOTS], sizeof slots[0]);
      break;
    case 'D':
      if (!s) break;
      if (s->length + length > WINDOW || s->remote_ended) {
        drop(s, 1);
        break;
      }
      for (u32 done = 0; done < length;) {
        u32 at = (s->start + s->length) % WINDOW;
        u32 chunk = length - done < WINDOW - at ? length - done : WINDOW - at;
        memcpy(buffers[s - streams] + at, payload + done, chunk);
        s->length += chunk;
        done += chunk;
      }
      flush(s);
      break;
    case 'F':
      if (!s) break;
      s->remote_ended = 1;
      flush(s);
      break;
    case 'W':
      if (s && length == 4) s->credit += get32(payload);
      break;
    case 'X':
      if (s) drop(s, 0);
      break;
  }
}

static void take_input(void) {
  isize n = call(SYS_read, 0, input + input_length, sizeof input - input_length);
  if (n == -EINTR || n == -EAGAIN) return;
  if (n <= 0) leave(0);
  input_length += (u32)n;
  u32 at = 0;
  while (input_length - at >= HEADER) {
    u32 length = get32(input + at + 5);
    if (length > FRAME) leave(2);
    if (input_length - at < HEADER + length) break;
    take_frame(input[at], get32(input + at + 1), input + at + HEADER, length);
    at += HEADER + length;
  }
  memmove(input, input + at, input_length - at);
  input_length -= at;
}

/* Several runners may share an environment: one agent serves at a time. */
static int open_dns(void) {
  struct address at = {AF_INET, {0, 53}, {127, 0, 0, 1}, {0}};
  dns = (int)call(SYS_socket, AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (dns < 0) leave(3);
  isize failed = call(SYS_bind, dns, &at, sizeof at);
  if (!failed) return 1;
  call(SYS_close, dns, 0, 0);
  dns = -1;
  if (failed != -EADDRINUSE) leave(4);
  return 0;
}

void serve(void) {
  int waiting = 0;
  for (;;) {
    if (dns < 0) {
      if (open_dns()) send_frame('R', 0, 0, 0);
      else if (!waiting++) send_frame('B', 0, 0, 0);
    }
    u32 count = 0;
    polled[count++] = (struct pollfd){0, POLLIN, 0};
    polled[count++] = (struct pollfd){dns, POLLIN, 0};
    for (u32 i = 0; i < listener_count; i++) polled[count++] = (struct pollfd){listeners[i], POLLIN, 0};
    for (u32 i = 0; i < STREAMS; i++) {
      struct stream *s = &streams[i];
      short events = 0;
      if (s->fd && s->credit && !s->local_ended) events |= POLLIN;
      if (s->fd && s->length) events |= POLLOUT;
      polled[count++] = (struct pollfd){events ? s->fd : -1, events, 0};
    }
    struct timespec retry = {0, 50000000};
    if (call6(SYS_ppoll, (isize)polled, count, dns < 0 ? (isize)&retry : 0, 0, 0, 0) < 0) continue;
    /* Streams first: what the input brings may free them, and a new one may take their place. */
    for (u32 i = 0; i < STREAMS; i++) {
      short got = polled[2 + listener_count + i].revents;
      struct stream *s = &streams[i];
      if (s->fd && got & POLLOUT) flush(s);
      if (s->fd && got & (POLLIN | POLLERR | POLLHUP) && s->credit && !s->local_ended) take_from_client(s);
    }
    for (u32 i = 0, known = listener_count; i < known; i++) {
      if (polled[2 + i].revents & POLLIN) accept_client(i);
    }
    if (polled[1].revents & POLLIN) take_query();
    if (polled[0].revents) take_input();
  }
}
