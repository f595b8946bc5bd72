/** The network of an environment that may reach some names: the agent inside, the decisions here. */
import type { Duplex } from "node:stream";
import type Dockerode from "dockerode";
import { ProviderError } from "../../provider";
import { messageOf } from "../errors";
import { FrameReader } from "../frames";
import { untilAborted } from "../stub-pool";
import { AGENT_PATH } from "./agent-volume";
import { DialRefused, dial } from "./dial";
import { answerTo, parseQuestion } from "./dns";
import { readProxyRequest, refuse } from "./proxy";
import { type EgressRule, lets, portsOf } from "./rule";
import { Tunnel } from "./tunnel";

/** Names get addresses of their own on loopback, in the order in which they are asked for. */
const FIRST_ADDRESS = [127, 77, 0, 1] as const;
const MOST_NAMES = 500;
const PROXY = { address: "127.0.0.1", port: 3128 };
const READY_WITHIN_MS = 5000;

/** For programs that know proxies. Those that don't find the allowed names by DNS. */
export const PROXY_VARIABLES: Record<string, string> = Object.fromEntries(
  ["HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"]
    .map(name => [name, `http://${PROXY.address}:${PROXY.port}`])
    .concat(["NO_PROXY", "no_proxy"].map(name => [name, "localhost,127.0.0.0/8,127.0.0.1,::1"])),
);

export interface EgressOptions {
  container: Dockerode.Container;
  rule: EgressRule;
  /** A connection that the rule refused. */
  denied(host: string, port: number, reason: string): void;
  /** How an allowed connection is made; tests have no outside. */
  connect?: (host: string, port: number) => Promise<Duplex>;
}

/** Serves one environment as long as this process is attached to it. */
export class Egress {
  readonly #options: EgressOptions;
  readonly #connect: (host: string, port: number) => Promise<Duplex>;
  readonly #addresses = new Map<string, string>();
  #agent: Promise<void> | null = null;
  #socket: Duplex | null = null;
  #closed = false;

  constructor(options: EgressOptions) {
    this.#options = options;
    this.#connect = options.connect ?? dial;
  }

  /** Waits until the agent serves; starts it again if it was killed. Throws `ProviderError`: the environment has no network then. */
  ready(): Promise<void> {
    this.#agent ??= this.#start().catch(error => {
      this.#agent = null;
      throw new ProviderError(
        "run/net-unsupported",
        `The network rule cannot be held to, because the agent could not be started in the environment: ${messageOf(error)}.`,
        'Use `net: "none"`, or `net: "bridge"` for an open network.',
      );
    });
    return this.#agent;
  }

  close(): void {
    this.#closed = true;
    this.#socket?.destroy();
  }

  async #start(): Promise<void> {
    const exec = await this.#options.container.exec({
      AttachStdin: true,
      AttachStdout: true,
      AttachStderr: true,
      // Not the environment's user: its commands cannot end it.
      User: "0:0",
      Cmd: [AGENT_PATH],
    });
    const socket = (await exec.start({ hijack: true, stdin: true })) as Duplex & { unref?(): void };
    this.#socket = socket;
    if (this.#closed) socket.destroy();
    let said = "";
    const serving = new Promise<void>((resolve, reject) => {
      const tunnel = new Tunnel(bytes => void socket.write(bytes), {
        ready: () => {
          tunnel.listen(PROXY.address, PROXY.port);
          for (const [name, address] of this.#addresses) this.#listen(tunnel, name, address);
        },
        // The first command may connect at once: it waits until something listens.
        listening: () => {
          socket.unref?.();
          resolve();
        },
        // The other one holds to the same rule: it is part of what the environment was made with.
        busy: resolve,
        query: (packet, answer) => answer(this.#answer(packet, tunnel)),
        connection: (stream, address, port) => void this.#carry(stream, address, port),
      });
      new FrameReader(socket, {
        data: (stream, chunk) => {
          if (stream === "stdout") tunnel.push(chunk);
          else said += chunk.toString("utf8");
        },
        end: () => {
          tunnel.close();
          this.#agent = null;
          reject(new Error(said.trim() || "it ended at once"));
        },
      });
    });
    try {
      await untilAborted(serving, AbortSignal.timeout(READY_WITHIN_MS));
    } catch (error) {
      socket.destroy();
      throw error;
    }
  }

  #answer(packet: Buffer, tunnel: Tunnel): Buffer {
    const question = parseQuestion(packet);
    if (!question) return answerTo(packet, null);
    const { name } = question;
    if (name === "localhost" || name.endsWith(".localhost")) return answerTo(packet, "127.0.0.1");
    let address = this.#addresses.get(name);
    if (address) return answerTo(packet, address);
    if (portsOf(this.#options.rule, name).length === 0) {
      // Every resolver asks for A and AAAA: one report is enough.
      if (question.type !== AAAA) this.#denied(name, 0, "no rule of `net` allows this name");
      return answerTo(packet, null);
    }
    if (this.#addresses.size >= MOST_NAMES) {
      this.#denied(name, 0, `the environment has asked for ${MOST_NAMES} names already`);
      return answerTo(packet, null);
    }
    const index = this.#addresses.size;
    address = [
      FIRST_ADDRESS[0],
      FIRST_ADDRESS[1],
      FIRST_ADDRESS[2] + (index >> 7),
      FIRST_ADDRESS[3] + (index & 0x7f),
    ].join(".");
    this.#addresses.set(name, address);
    this.#listen(tunnel, name, address);
    return answerTo(packet, address);
  }

  /** What the environment calls a name is any bytes: in a report they must not pass for lines of ours. */
  #denied(host: string, port: number, reason: string): void {
    this.#options.denied(host.replace(/[^\x21-\x7e]/g, "?"), port, reason);
  }

  #listen(tunnel: Tunnel, name: string, address: string): void {
    for (const port of portsOf(this.#options.rule, name)) tunnel.listen(address, port);
  }

  async #carry(stream: Duplex, address: string, port: number): Promise<void> {
    // Either side may vanish at any time; the other one is ended by `join`.
    stream.on("error", () => {});
    if (address === PROXY.address) return this.#proxy(stream);
    const name = [...this.#addresses].find(([, given]) => given === address)?.[0];
    const outside = name === undefined ? null : await this.#open(name, port, () => {});
    if (outside) join(stream, outside);
    else stream.destroy();
  }

  async #proxy(stream: Duplex): Promise<void> {
    const request = await readProxyRequest(stream);
    if (!request) return;
    const { host, port } = request;
    const outside = await this.#open(host, port, (status, reason) =>
      refuse(stream, status, `${host}:${port} is not reachable from this environment: ${reason}.`),
    );
    if (!outside) return;
    if (request.isConnect) stream.write("HTTP/1.1 200 Connection established\r\n\r\n");
    if (request.forward.length > 0) outside.write(request.forward);
    join(stream, outside);
  }

  /** A connection that the rule allows, or null after the refusal was reported. */
  async #open(
    host: string,
    port: number,
    refused: (status: 403 | 502, reason: string) => void,
  ): Promise<Duplex | null> {
    if (!lets(this.#options.rule, host, port)) {
      const reason = "no rule of `net` allows it";
      this.#denied(host, port, reason);
      refused(403, reason);
      return null;
    }
    try {
      return await this.#connect(host, port);
    } catch (error) {
      const refusal = error instanceof DialRefused ? error : null;
      if (refusal) this.#denied(host, port, refusal.message);
      refused(502, refusal?.inside ?? (error as Error).message);
      return null;
    }
  }
}

const AAAA = 28;

/** Carries bytes and ends both ways, with back-pressure; an error on one side ends the other. */
function join(inside: Duplex, outside: Duplex): void {
  outside.on("error", () => inside.destroy());
  inside.on("close", () => {
    if (!outside.writableFinished) outside.destroy();
  });
  outside.on("close", () => {
    if (!inside.writableEnded) inside.destroy();
  });
  inside.pipe(outside);
  outside.pipe(inside);
}
