/**
 * A fake of the Sprites service: REST and WebSocket on loopback, commands as real processes in a folder per sprite. It has the
 * service's awkward sides as switches, so that tests can provoke each of them.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";

export interface Faults {
  /** Answer this many requests with 429 first. */
  tooMany?: number;
  /** What creating a name that exists answers: 400, 409 or 422. */
  conflict?: number;
  /** Checkpoint streams end with an error line under 200, or before the complete line. */
  checkpoint?: "error" | "cut";
  /** How the exit code is told. */
  exit?: "binary" | "text" | "none";
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
  checkpoints: Map<string, string>;
}

export class FakeSprites {
  readonly token = "fake-token-4711";
  readonly sprites = new Map<string, FakeSprite>();
  readonly requests: string[] = [];
  readonly running = new Map<string, ChildProcess>();
  faults: Faults = {};
  private readonly root = mkdtempSync(join(tmpdir(), "mlld-env-sprites-"));
  private readonly sockets = new WebSocketServer({ noServer: true });
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
    return request.headers.authorization === `Bearer ${this.token}`;
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
      response.writeHead(429, { "retry-after": "0.05" }).end();
      return;
    }
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
    if (rest === "" && request.method === "DELETE") {
      this.sprites.delete(sprite.name);
      response.writeHead(204).end();
    } else if (rest === "") {
      json(200, { name: sprite.name, status: sprite.status });
    } else if (rest === "/fs/write") {
      const path = join(sprite.folder, url.searchParams.get("path")!);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, body);
      chmodSync(path, Number.parseInt(url.searchParams.get("mode") ?? "0644", 8));
      json(200, { path, size: body.length });
    } else if (rest === "/fs/read") {
      try {
        response.writeHead(200).end(readFileSync(join(sprite.folder, url.searchParams.get("path")!)));
      } catch {
        json(404, { error: "not_found" });
      }
    } else if (rest === "/policy/network") {
      sprite.rules = JSON.parse(body.toString()).rules;
      json(200, { rules: sprite.rules });
    } else if (rest === "/checkpoint") {
      this.checkpoint(sprite, response);
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
    for (const path of ["tmp", "workspace"]) mkdirSync(join(folder, path));
    this.sprites.set(name, { name, folder, status: "running", rules: [], checkpoints: new Map() });
    json(201, { name, status: "cold" });
  }

  private checkpoint(sprite: FakeSprite, response: ServerResponse): void {
    response.writeHead(200, { "content-type": "application/x-ndjson" });
    response.write('{"type":"info","data":"creating"}\n');
    if (this.faults.checkpoint === "error") return void response.end('{"type":"error","error":"disk is full"}\n');
    if (this.faults.checkpoint === "cut") return void response.end('{"type":"comp');
    const id = `v${sprite.checkpoints.size + 1}`;
    const copy = mkdtempSync(join(this.root, "checkpoint-"));
    cpSync(sprite.folder, copy, { recursive: true });
    sprite.checkpoints.set(id, copy);
    response.end(`{"type":"complete","data":"Checkpoint ${id} created"}\n`);
  }

  private restore(sprite: FakeSprite, id: string, response: ServerResponse): void {
    response.writeHead(200);
    const copy = sprite.checkpoints.get(id);
    if (!copy) return void response.end(`{"type":"error","error":"no checkpoint ${id}"}\n`);
    rmSync(sprite.folder, { recursive: true });
    cpSync(copy, sprite.folder, { recursive: true });
    response.end(`{"type":"complete","data":"restored ${id}"}\n`);
  }

  private upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.requests.push(`WS ${request.url}`);
    const url = new URL(request.url!, "http://fake");
    const sprite = this.sprites.get(url.pathname.split("/")[3] ?? "");
    if (!this.authorised(request) || !sprite) return void socket.end(`HTTP/1.1 ${sprite ? 401 : 404} No\r\n\r\n`);
    this.sockets.handleUpgrade(request, socket, head, ws => this.run(ws, url, sprite));
  }

  private run(ws: WebSocket, url: URL, sprite: FakeSprite): void {
    const [program, ...args] = url.searchParams.getAll("cmd");
    // Paths of the sprite's own file system stand below its folder.
    const here = (word: string): string =>
      word.replaceAll(/(^|[\s"'=])(\/tmp|\/workspace|\/var\/lib)(?=\/|$|\s)/g, `$1${sprite.folder}$2`);
    const child = spawn(program!, args.map(here), {
      cwd: join(sprite.folder, url.searchParams.get("dir") ?? "/"),
      detached: true,
      stdio: "pipe",
      env: { PATH: process.env.PATH },
    });
    const session = `s${++this.sessions}`;
    this.running.set(session, child);
    ws.send(JSON.stringify({ type: "session_info", session_id: session }));
    const output = (stream: number) => (chunk: Buffer) => {
      const size = this.faults.split ?? chunk.length;
      for (let at = 0; at < chunk.length; at += size)
        ws.send(Buffer.concat([Buffer.of(stream), chunk.subarray(at, at + size)]));
      if (this.faults.drop) ws.terminate();
    };
    child.stdout.on("data", output(1));
    child.stderr.on("data", output(2));
    child.on("error", () => ws.close());
    child.on("close", code => {
      this.running.delete(session);
      if (this.faults.exit === "none") return ws.close();
      if (this.faults.exit !== "text") ws.send(Buffer.of(3, code ?? 137));
      if (this.faults.exit !== "binary") ws.send(JSON.stringify({ type: "exit", exit_code: code ?? 137 }));
    });
    if (url.searchParams.get("stdin") !== "true") child.stdin.end();
    ws.on("message", (data: Buffer, binary: boolean) => {
      if (!binary) return;
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
