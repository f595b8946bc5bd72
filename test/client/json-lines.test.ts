import { describe, expect, it } from "vitest";
import { JsonLines } from "../../client/run/json-lines";

function read(chunks: Uint8Array[]) {
  const messages: unknown[] = [];
  const invalid: string[] = [];
  const lines = new JsonLines<unknown>(
    message => messages.push(message),
    line => invalid.push(line),
  );
  for (const chunk of chunks) lines.write(chunk);
  lines.end();
  return { messages, invalid };
}

describe("lines of JSON", () => {
  it("are the same wherever the bytes are cut", () => {
    const bytes = Buffer.from('{"a":"ü😀"}\n{"b":2}\n\n{"c":3}');
    for (let cut = 0; cut <= bytes.length; cut++)
      expect(read([bytes.subarray(0, cut), bytes.subarray(cut)]).messages).toEqual([{ a: "ü😀" }, { b: 2 }, { c: 3 }]);
  });
  it("sets aside what is no JSON and goes on", () => {
    expect(read([Buffer.from('Segmentation fault\n{"a":1}\n{"b"')])).toEqual({
      messages: [{ a: 1 }],
      invalid: ["Segmentation fault", '{"b"'],
    });
  });
});
