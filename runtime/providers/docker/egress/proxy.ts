/** The proxy port inside an environment: CONNECT for programs that know proxies, with a refusal that they can show. */
import type { Duplex } from "node:stream";

const LARGEST_HEAD = 16_384;

/** Where a request wants to go, and what was read of it. */
export interface ProxyRequest {
  host: string;
  port: number;
  /** Bytes for the other side before everything else: a plain HTTP request in its own form; empty for CONNECT. */
  forward: Buffer;
  isConnect: boolean;
}

/** Reads the head of a proxy request. Null for what isn't one; then the stream has been answered and ended. */
export async function readProxyRequest(stream: Duplex): Promise<ProxyRequest | null> {
  let head = Buffer.alloc(0);
  let end = -1;
  while (end < 0) {
    const chunk: Buffer | null = await nextChunk(stream);
    if (chunk === null || head.length + chunk.length > LARGEST_HEAD) {
      refuse(stream, 400, "This is an HTTP proxy: only CONNECT and plain HTTP requests are answered.");
      return null;
    }
    head = Buffer.concat([head, chunk]);
    end = head.indexOf("\r\n\r\n");
  }
  const [line = "", ...headers] = head.toString("latin1", 0, end).split("\r\n");
  const rest = head.subarray(end + 4);
  const connect = line.match(/^CONNECT \[?([^\s\]]+?)\]?:(\d+) HTTP\/1\.[01]$/i);
  if (connect) return { host: plainName(connect[1]!), port: Number(connect[2]), forward: rest, isConnect: true };
  const plain = line.match(/^([A-Z]+) http:\/\/\[?([^\s/:\]]+)\]?(?::(\d+))?(\/\S*)? (HTTP\/1\.[01])$/i);
  if (!plain) {
    refuse(stream, 400, "This is an HTTP proxy: only CONNECT and plain HTTP requests are answered.");
    return null;
  }
  const [, method, host, port, path, version] = plain;
  // One request a connection: the next one could name another host.
  const kept = headers.filter(h => !/^(proxy-|connection:|keep-alive:)/i.test(h));
  const request = [`${method} ${path ?? "/"} ${version}`, ...kept, "Connection: close", "", ""].join("\r\n");
  return {
    host: plainName(host!),
    port: Number(port ?? 80),
    forward: Buffer.concat([Buffer.from(request, "latin1"), rest]),
    isConnect: false,
  };
}

/** Answers with an error that names the reason. */
export function refuse(stream: Duplex, status: 400 | 403 | 502, reason: string): void {
  const words = { 400: "Bad Request", 403: "Forbidden", 502: "Bad Gateway" }[status];
  const body = `${reason}\n`;
  stream.end(
    `HTTP/1.1 ${status} ${words}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
  stream.resume();
}

function plainName(name: string): string {
  return name.toLowerCase().replace(/\.$/, "");
}

function nextChunk(stream: Duplex): Promise<Buffer | null> {
  return new Promise(resolve => {
    const settle = (chunk: Buffer | null) => {
      stream.pause();
      stream.off("data", settle).off("end", ended).off("close", ended);
      resolve(chunk);
    };
    const ended = () => settle(null);
    stream.on("data", settle).on("end", ended).on("close", ended);
    stream.resume();
  });
}
