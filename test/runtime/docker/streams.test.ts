import { PassThrough } from "node:stream";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FrameReader, type StreamName } from "../../../runtime/providers/docker/frames";
import { TrailerFinder } from "../../../runtime/providers/docker/trailer";

function frame(stream: 1 | 2, payload: Buffer): Buffer {
  const header = Buffer.alloc(8);
  header[0] = stream;
  header.writeUInt32BE(payload.length, 4);
  return Buffer.concat([header, payload]);
}

/** Cuts a buffer at the given places. */
function cut(buffer: Buffer, places: number[]): Buffer[] {
  const at = [...new Set(places.map(p => p % (buffer.length + 1)))].sort((a, b) => a - b);
  return [0, ...at].map((from, i) => buffer.subarray(from, at[i] ?? buffer.length)).filter(b => b.length > 0);
}

async function read(chunks: Buffer[], slow: boolean): Promise<Record<StreamName, Buffer>> {
  const socket = new PassThrough();
  const found: Record<StreamName, Buffer[]> = { stdout: [], stderr: [] };
  let busy = false;
  const ended = new Promise<Error | null>(resolve => {
    new FrameReader(socket, {
      data: (stream, chunk) => {
        expect(busy).toBe(false);
        found[stream].push(Buffer.from(chunk));
        if (!slow) return undefined;
        busy = true;
        return new Promise<void>(done => setImmediate(done)).then(() => {
          busy = false;
        });
      },
      end: resolve,
    });
  });
  for (const chunk of chunks) socket.write(chunk);
  socket.end();
  expect(await ended).toBeNull();
  return { stdout: Buffer.concat(found.stdout), stderr: Buffer.concat(found.stderr) };
}

const payloads = fc.array(fc.tuple(fc.constantFrom<1 | 2>(1, 2), fc.uint8Array({ maxLength: 40 })), { maxLength: 20 });
const places = fc.array(fc.nat(2000), { maxLength: 30 });

describe("frames", () => {
  it("come out whole and in order however the stream is cut and however slow the reader is", async () => {
    await fc.assert(
      fc.asyncProperty(payloads, places, fc.boolean(), async (frames, at, slow) => {
        const all = Buffer.concat(frames.map(([stream, bytes]) => frame(stream, Buffer.from(bytes))));
        const read_ = await read(cut(all, at), slow);
        for (const [name, number] of [
          ["stdout", 1],
          ["stderr", 2],
        ] as const) {
          expect(read_[name]).toEqual(Buffer.concat(frames.filter(f => f[0] === number).map(f => Buffer.from(f[1]))));
        }
      }),
      { numRuns: 200 },
    );
  });

  it("survive a burst of a hundred thousand small frames", async () => {
    const all = Buffer.concat(Array.from({ length: 100_000 }, () => frame(1, Buffer.from("x"))));
    expect((await read([all], false)).stdout).toHaveLength(100_000);
  });

  it("end with the error of a reader that throws", async () => {
    for (const fail of [
      () => {
        throw new Error("no");
      },
      () => Promise.reject(new Error("no")),
    ]) {
      const socket = new PassThrough();
      const ended = new Promise<Error | null>(
        resolve => new FrameReader(socket, { data: fail as () => void, end: resolve }),
      );
      socket.write(frame(1, Buffer.from("x")));
      expect((await ended)?.message).toBe("no");
      expect(socket.destroyed).toBe(true);
    }
  });
});

describe("trailers", () => {
  const nonce = "abcabd";

  it("are taken out wherever the stream is cut, and nothing else is", async () => {
    const pieces = fc.array(
      fc.oneof(fc.constantFrom("abc", "ab", "abcab", "a", "\n", "abcabc"), fc.string({ maxLength: 5 })),
      { maxLength: 20 },
    );
    await fc.assert(
      fc.asyncProperty(pieces, pieces, places, fc.boolean(), async (before, after, at, slow) => {
        const text = (parts: string[]) => parts.join("").replaceAll(nonce, "");
        const [head, tail] = [text(before), text(after)];
        fc.pre(!`${head}${nonce}`.slice(0, -1).includes(nonce));
        const order: string[] = [];
        const finder = new TrailerFinder(nonce, {
          data: chunk => {
            order.push(chunk.toString("utf8"));
            return slow ? new Promise<void>(done => setImmediate(done)) : undefined;
          },
          trailer: words => {
            order.push(`<${words}>`);
          },
        });
        for (const chunk of cut(Buffer.from(`${head}${nonce} 0 0 0\n${tail}`), at))
          await finder.push(Buffer.from(chunk));
        await finder.flush();
        expect(Buffer.from(order.join("")).length).toBeGreaterThan(0);
        expect(order.filter(o => o === "<0 0 0>")).toHaveLength(1);
        expect(order.slice(0, order.indexOf("<0 0 0>")).join("")).toBe(Buffer.from(head).toString());
      }),
      { numRuns: 300 },
    );
  });
});
