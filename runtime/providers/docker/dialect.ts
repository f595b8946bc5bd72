/** How stubs are started and asked: in shell code, or, where the image has no shell, in the words of the agent. */
import { AGENT_PATH } from "./egress/agent-volume";
import { GUARD, killCode } from "./kill-code";
import { checkedVariables, frameHeader, type Header, headerCode, MARKER, STUB_ARGV, STUB_INPUT } from "./stub";

/** What is written to a stub that waits, given the nonce of the answer. */
export type Request = (nonce: string) => string | Buffer;

/** How input is written that comes while a command runs (HOW `live`). */
export interface LiveDialect {
  chunk(bytes: Uint8Array): Uint8Array;
  /** Null: the end of the stub's own input, which then serves no more. */
  end: Uint8Array | null;
  /** Written after the command; null where the stub ends with it. */
  after: ((nonce: string) => string) | null;
}

export interface Dialect {
  /** Of the exec. */
  argv: string[];
  /** Written to a new stub first. */
  greeting: string;
  run(header: Header): Request;
  live: LiveDialect;
  kill(marker: string, session: number): Request;
  /** The answer has the count of processes killed for memory. */
  countOom: Request;
  /** Null where a stub ends its command by itself when its owner dies. */
  guard: Request | null;
  /** Whether there is a shell to prepare a terminal with. */
  hasShell: boolean;
}

const shellRequest =
  (code: string): Request =>
  nonce =>
    frameHeader(nonce, code);

export const SHELL: Dialect = {
  argv: STUB_ARGV,
  greeting: STUB_INPUT,
  run: header => shellRequest(headerCode(header)),
  // A line end before the nonce: what was written last may be no whole line.
  live: { chunk: bytes => bytes, end: null, after: nonce => `\n${nonce}\n` },
  kill: (marker, session) => shellRequest(killCode(marker, session)),
  countOom: shellRequest('m_ooms\nm_say 0 0 "$m_o"\n'),
  guard: shellRequest(GUARD),
  hasShell: true,
};

/** Length and strings that end in NUL, as agent/run.c reads them. */
const agentRequest =
  (...words: string[]): Request =>
  nonce => {
    const body = Buffer.from([nonce, ...words].map(word => `${word}\0`).join(""), "utf8");
    const size = Buffer.alloc(4);
    size.writeUInt32BE(body.length);
    return Buffer.concat([size, body]);
  };

export const AGENT: Dialect = {
  argv: [AGENT_PATH, "run"],
  greeting: "",
  run: header => {
    const { argv, cwd, vars, marker, how } = checkedVariables(header);
    const variables = Object.entries({ ...vars, [MARKER]: marker }).map(([name, value]) => `${name}=${value}`);
    const words = [
      how === "stdin" || how === "live" ? how : "none",
      cwd,
      `${argv.length}`,
      ...argv,
      `${variables.length}`,
      ...variables,
    ];
    return agentRequest("run", ...words);
  },
  live: {
    chunk: bytes => {
      const framed = Buffer.allocUnsafe(4 + bytes.length);
      framed.writeUInt32BE(bytes.length);
      framed.set(bytes, 4);
      return framed;
    },
    end: Buffer.alloc(4),
    after: null,
  },
  kill: (marker, session) => agentRequest("kill", `${session}`, `${MARKER}=${marker}`),
  countOom: agentRequest("count"),
  guard: null,
  hasShell: false,
};
