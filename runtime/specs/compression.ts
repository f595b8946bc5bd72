import { spawn } from "node:child_process";
import { Duplex, PassThrough, Writable } from "node:stream";
import { createGunzip, createGzip } from "node:zlib";
import { ProviderError } from "../providers/provider";

export type Compression = "gz" | "bz2" | "xz" | "none";

/** The programs for what Node has no library for; they stream, and every system that makes such archives has them. */
const PROGRAMS = { bz2: "bzip2", xz: "xz" } as const;

export function extensionOf(compression: Compression): string {
  return compression === "none" ? ".tar" : `.tar.${compression}`;
}

/** By the end of an archive's name; null for none of ours. */
export function compressionOf(path: string): Compression | null {
  return /\.tar$/.test(path) ? "none" : ((/\.tar\.(gz|bz2|xz)$/.exec(path)?.[1] as Compression | undefined) ?? null);
}

/** A stream that compresses; the same bytes give the same result. */
export function compressor(compression: Compression): Duplex {
  if (compression === "none") return new PassThrough();
  if (compression === "gz") return createGzip({ level: 6 });
  return program(PROGRAMS[compression], ["-c"]);
}

export function decompressor(compression: Compression): Duplex {
  if (compression === "none") return new PassThrough();
  if (compression === "gz") return createGunzip();
  return program(PROGRAMS[compression], ["-dc"]);
}

/** A filter program as a stream, which ends well only when the program does. */
function program(name: string, args: string[]): Duplex {
  const child = spawn(name, args, { stdio: ["pipe", "pipe", "pipe"] });
  // Why it stops reading, its end says better than a broken pipe.
  child.stdin.on("error", () => {});
  const output = child.stdout.pipe(new PassThrough(), { end: false });
  const input = new Writable({
    write: (chunk, _encoding, done) => void child.stdin.write(chunk, () => done()),
    final: done => void child.stdin.end(() => done()),
  });
  const stream = Duplex.from({ writable: input, readable: output });
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => {
    said += chunk.toString();
  });
  child.on("error", error => {
    const missing = (error as NodeJS.ErrnoException).code === "ENOENT";
    stream.destroy(
      missing
        ? new ProviderError(
            "run/program-missing",
            `The program '${name}' is needed for this compression and is not installed.`,
            `Install ${name}, or use the compression gz or none.`,
          )
        : error,
    );
  });
  child.on("close", code => {
    if (code === 0) output.end();
    else stream.destroy(new Error(`${name} failed: ${said.trim() || `exit code ${code}`}`));
  });
  stream.on("close", () => child.kill());
  return stream;
}
