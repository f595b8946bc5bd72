/**
 * A fake of the Sprites service: REST and WebSocket on loopback, commands as real processes in a folder per sprite. It has the
 * service's awkward sides as switches, so that tests can provoke each of them.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";

export interface Faults {
  /** Answer this many requests with 429 first, with this `Retry-After`. */
  tooMany?: number;
  retryAfter?: string;
  /** A new sprite answers so many requests for its files and commands with 503 first. */
  cold?: number;
  /** Answer connections for commands with a status, so many times. */
  refuse?: { status: number; times: number };
  /** Make every output frame this long. */
  pad?: number;
  /** After the first output neither say anything nor answer. */
  silent?: boolean;
  /** Requests that match get no answer, or half of one. */
  stall?: RegExp;
  cut?: RegExp;
  /** Requests that match are answered with this status. */
  fail?: { request: RegExp; status: number; times: number };
  /** Answer every request with a status and a text that is no JSON. */
  broken?: { status: number; text: string };
  /** What creating a name that exists answers: 400, 409 or 422. */
  conflict?: number;
  /** Checkpoint streams end with an error line under 200, or before the complete line. */
  checkpoint?: "error" | "cut";
  /** How the exit code is told. */
  exit?: "binary" | "text" | "none" | "empty";
  /** Drop the socket without a close frame after the first output. */
  drop?: boolean;
  /** Split output frames into pieces of this many bytes, also within characters. */
  split?: number;
}

interface FakeSprite {
  name: string;
  folder: string;
  status: string;
  rules: unknown[];
  checkpoints: Map<string, { folder: string; comment: string }>;
  /** Requests that it still answers with 503. */
  cold: number;
  ran: boolean;
  ranBeforePolicy: boolean;
}

export class FakeSprites {
  readonly token = "fake-token-4711";
  readonly sprites = new Map<string, FakeSprite>();
  readonly requests: string[] = [];
  readonly running = new Map<string, ChildProcess>();
  faults: Faults = {};
  /** The token counts no more. */
  revoked = false;
  /** Bytes of output that were handed to connections. */
  written = 0;
  private readonly root = mkdtempSync(join(tmpdir(), "mlld-env-sprites-"));
  private readonly sockets = new WebSocketServer({ noServer: true, autoPong: false });
  private server!: Server;
  private sessions = 0;

  async start(): Promise<string> {
    this.server = createServer((request, response) => void this.serve(request, response));
    this.server.on("upgrade", (request, socket, head) => this.upgrade(request, socket, head));
    await new Promise<void>(resolve => this.server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    for (const child of this.running.values()) kill(child);
    this.sockets.close();
    this.server.closeAllConnections();
    await new Promise(resolve => this.server.close(resolve));
    rmSync(this.root, { recursive: true, force: true });
  }

  /** The path of a file inside a sprite. */
  inside(name: string, path: string): string {
    return join(this.sprites.get(name)!.folder, path);
  }

  private authorised(request: IncomingMessage): boolean {
    return !this.revoked && request.headers.authorization === `Bearer ${this.token}`;
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url!, "http://fake");
    this.requests.push(`${request.method} ${request.url}`);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const json = (status: number, value: unknown): void => {
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
    };
    if (!this.authorised(request)) return json(401, { error: "unauthorized", message: "bad token" });
    if (this.faults.tooMany && this.faults.tooMany-- > 0) {
      response
        .writeHead(429, { "retry-after": this.faults.retryAfter ?? "0.05" })
        .end('{"error":"concurrent_limit_exceeded","message":"10 sprites run"}');
      return;
    }
    const { broken, stall, cut, fail } = this.faults;
    const asked = `${request.method} ${url.pathname}`;
    if (stall?.test(asked)) return;
    if (fail?.request.test(asked) && fail.times-- > 0) return json(fail.status, { error: "unavailable" });
    if (cut?.test(asked)) {
      response.writeHead(200, { "content-length": 100 }).write("{");
      return void setTimeout(() => response.destroy(), 20);
    }
    if (broken) return void response.writeHead(broken.status).end(broken.text);
    const [, name, rest = ""] = /^\/v1\/sprites(?:\/([^/]+)(\/.*)?)?$/.exec(url.pathname) ?? [];
    if (name === undefined) {
      if (request.method === "POST") return this.create(JSON.parse(body.toString()).name, json);
      const prefix = url.searchParams.get("prefix") ?? "";
      const all = [...this.sprites.values()]
        .filter(s => s.name.startsWith(prefix))
        .map(s => ({ name: s.name, status: s.status, created_at: "2026-01-01T00:00:00Z" }));
      const from = Number(url.searchParams.get("continuation_token") ?? 0);
      const size = 2;
      return json(200, {
        sprites: all.slice(from, from + size),
        has_more: from + size < all.length,
        next_continuation_token: String(from + size),
      });
    }
    const sprite = this.sprites.get(decodeURIComponent(name));
    if (!sprite) return json(404, { error: "not_found", message: "sprite not found" });
    if (rest.startsWith("/fs/") && sprite.cold-- > 0) return json(503, { error: "unavailable" });
    if (rest === "" && request.method === "DELETE") {
      this.sprites.delete(sprite.name);
      response.writeHead(204).end();
    } else if (rest === "") {
      json(200, { name: sprite.name, status: sprite.status, environment: { SECRET: "of-the-sprite" } });
    } else if (rest === "/fs/write") {
      const path = join(sprite.folder, url.searchParams.get("path")!);
      if (url.searchParams.get("mkdirParents") === "true") mkdirSync(dirname(path), { recursive: true });
      else if (!existsSync(dirname(path))) return json(404, { error: "no such folder", code: "ENOENT" });
      writeFileSync(path, body);
      chmodSync(path, Number.parseInt(url.searchParams.get("mode") ?? "0644", 8));
      json(200, { path, size: body.length });
    } else if (rest === "/fs/read") {
      try {
        const content = readFileSync(join(sprite.folder, url.searchParams.get("path")!));
        response.writeHead(200).end(content);
      } catch {
        json(404, { error: "not_found" });
      }
    } else if (rest === "/policy/network") {
      sprite.rules = JSON.parse(body.toString()).rules;
      // Before anything ran in it.
      sprite.ranBeforePolicy = sprite.ran;
      response.writeHead(204).end();
    } else if (rest === "/checkpoint") {
      this.checkpoint(sprite, JSON.parse(body.toString() || "{}").comment ?? "", response);
    } else if (rest === "/checkpoints") {
      const listed = [...sprite.checkpoints].map(([id, { comment }]) => ({
        id,
        comment,
        create_time: "2026-01-01T00:00:00Z",
      }));
      json(200, [{ id: "Current", create_time: "2026-01-01T00:00:00Z" }, ...listed]);
    } else if (/^\/checkpoints\/[^/]+\/restore$/.test(rest)) {
      this.restore(sprite, rest.split("/")[2]!, response);
    } else if (/^\/exec\/[^/]+\/kill$/.test(rest)) {
      const child = this.running.get(rest.split("/")[2]!);
      if (child) kill(child);
      response.writeHead(200).end('{"type":"complete"}\n');
    } else {
      json(404, { error: "not_found" });
    }
  }

  private create(name: string, json: (status: number, value: unknown) => void): void {
    if (this.sprites.has(name)) {
      json(this.faults.conflict ?? 409, { error: "conflict", message: "name already exists" });
      return;
    }
    const folder = mkdtempSync(join(this.root, "sprite-"));
    for (const path of ["tmp", "home/sprite"]) mkdirSync(join(folder, path), { recursive: true });
    this.sprites.set(name, {
      name,
      folder,
      status: "running",
      rules: [],
      checkpoints: new Map(),
      cold: this.faults.cold ?? 0,
      ran: false,
      ranBeforePolicy: false,
    });
    json(201, { name, status: "cold" });
  }

  private checkpoint(sprite: FakeSprite, comment: string, response: ServerResponse): void {
    response.writeHead(200, { "content-type": "application/x-ndjson" });
    response.write('{"type":"info","data":"creating"}\n');
    if (this.faults.checkpoint === "error") return void response.end('{"type":"error","error":"disk is full"}\n');
    if (this.faults.checkpoint === "cut") return void response.end('{"type":"comp');
    const id = `v${sprite.checkpoints.size + 1}`;
    const copy = mkdtempSync(join(this.root, "checkpoint-"));
    cpSync(sprite.folder, copy, { recursive: true });
    sprite.checkpoints.set(id, { folder: copy, comment });
    response.end(`{"type":"complete","data":"Checkpoint ${id} created"}\n`);
  }

  private restore(sprite: FakeSprite, id: string, response: ServerResponse): void {
    response.writeHead(200);
    response.write('{"type":"info","data":"restoring"}\n');
    if (this.faults.checkpoint === "cut") return void setTimeout(() => response.destroy(), 50);
    const copy = sprite.checkpoints.get(id);
    if (!copy || this.faults.checkpoint === "error")
      return void response.end(`{"type":"error","error":"no checkpoint ${id}"}\n`);
    rmSync(sprite.folder, { recursive: true });
    cpSync(copy.folder, sprite.folder, { recursive: true });
    response.end(`{"type":"complete","data":"restored ${id}"}\n`);
  }

  /** Connections of commands. */
  get connections(): Set<WebSocket> {
    return this.sockets.clients;
  }

  private upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.requests.push(`WS ${request.url}`);
    const url = new URL(request.url!, "http://fake");
    const sprite = this.sprites.get(url.pathname.split("/")[3] ?? "");
    if (!this.authorised(request) || !sprite) return void socket.end(`HTTP/1.1 ${sprite ? 401 : 404} No\r\n\r\n`);
    const { refuse } = this.faults;
    const busy = refuse && refuse.times-- > 0 ? refuse.status : sprite.cold-- > 0 ? 503 : null;
    if (busy !== null)
      return void socket.end(`HTTP/1.1 ${busy} No\r\nretry-after: 0.05\r\ncontent-length: 4\r\n\r\nbusy`);
    this.sockets.handleUpgrade(request, socket, head, ws => this.run(ws, url, sprite));
  }

  private run(ws: WebSocket, url: URL, sprite: FakeSprite): void {
    const [program, ...args] = url.searchParams.getAll("cmd");
    // Paths of the sprite's own file system stand below its folder.
    const here = (word: string): string =>
      word.replaceAll(/(^|[\s"'=])(\/tmp|\/workspace|\/home\/sprite|\/scratch)(?=\/|$|\s)/g, `$1${sprite.folder}$2`);
    sprite.ran = true;
    // A terminal gives raw output.
    const tty = url.searchParams.get("tty") === "true";
    const child = spawn(program!, args.map(here), {
      cwd: join(sprite.folder, url.searchParams.get("dir") ?? "/"),
      detached: true,
      stdio: "pipe",
      env: { PATH: process.env.PATH },
    });
    const session = `s${++this.sessions}`;
    this.running.set(session, child);
    ws.send(JSON.stringify({ type: "session_info", session_id: session }));
    let silent = false;
    ws.on("ping", data => {
      if (!silent) ws.pong(data);
    });
    const output = (stream: number) => (read: Buffer) => {
      if (silent) return;
      const chunk = this.faults.pad ? Buffer.concat([read], this.faults.pad) : read;
      silent = this.faults.silent ?? false;
      const size = this.faults.split ?? chunk.length;
      this.written += chunk.length;
      for (let at = 0; at < chunk.length; at += size)
        ws.send(
          tty ? chunk.subarray(at, at + size) : Buffer.concat([Buffer.of(stream), chunk.subarray(at, at + size)]),
        );
      if (this.faults.drop) ws.terminate();
    };
    child.stdout.on("data", output(1));
    child.stderr.on("data", output(2));
    child.on("error", () => ws.close());
    // Input may come for a command that has ended: the service loses it too.
    child.stdin.on("error", () => {});
    child.on("close", code => {
      this.running.delete(session);
      if (this.faults.exit === "none") return ws.close();
      if (this.faults.exit === "empty") {
        ws.send(Buffer.of(3));
        return ws.close();
      }
      if (this.faults.exit !== "text" && !tty) ws.send(Buffer.of(3, code ?? 137));
      if (this.faults.exit !== "binary") ws.send(JSON.stringify({ type: "exit", exit_code: code ?? 137 }));
    });
    if (url.searchParams.get("stdin") !== "true") child.stdin.end();
    ws.on("message", (data: Buffer, binary: boolean) => {
      if (!binary) return;
      if (tty) {
        const end = data.indexOf(4);
        child.stdin.write(end < 0 ? data : data.subarray(0, end));
        if (end >= 0) child.stdin.end();
        return;
      }
      if (data[0] === 0) child.stdin.write(data.subarray(1));
      if (data[0] === 4) child.stdin.end();
    });
    // The service goes on for a while after a disconnect; the fake ends at once.
    ws.on("close", () => kill(child));
  }
}

function kill(child: ChildProcess): void {
  if (child.exitCode !== null || child.pid === undefined) return;
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
