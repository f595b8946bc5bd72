import { describe, expect, it } from "vitest";
import {
  binary,
  callMethod,
  infer,
  inlineText,
  normaliseDocument,
  select,
  showText,
  transformer,
  truthy,
  variableText,
} from "../../../language/values";
import { pageToMarkdown } from "../../../language/values/html";
import { parseRelaxedJson } from "../../../language/values/json5";
import { jsonToXml, markdownToXml } from "../../../language/values/xml";

describe("truthiness", () => {
  it.each([undefined, null, "", "false", "0", "NaN", 0, Number.NaN, false, [], {}])("%j is false", value => {
    expect(truthy(value)).toBe(false);
  });
  it.each([" ", "null", "no", 1, -1, true, [0], { a: null }])("%j is true", value => {
    expect(truthy(value)).toBe(true);
  });
});

describe("operators", () => {
  it("compares loosely, lists by identity", () => {
    const list = [1, 2];
    expect(binary("==", "5", 5)).toBe(true);
    expect(binary("==", "true", true)).toBe(true);
    expect(binary("==", null, undefined)).toBe(true);
    expect(binary("==", [1, 2], [1, 2])).toBe(false);
    expect(binary("==", list, list)).toBe(true);
    expect(binary("!=", "a", "b")).toBe(true);
  });
  it("orders numbers only", () => {
    expect(binary("<", "a", "b")).toBe(false);
    expect(binary("<", "9", 10)).toBe(true);
  });
  it("adds numbers only", () => {
    expect(binary("+", "5", 1)).toBe(6);
    expect(binary("+", "a", 1)).toBeNaN();
    expect(binary("/", 10, 0)).toBe(Number.POSITIVE_INFINITY);
    expect(binary("%", 7, 4)).toBe(3);
  });
  it("finds texts, expressions and elements", () => {
    expect(binary("~=", "hello world", "wor")).toBe(true);
    expect(binary("~=", "hello", "^h.l+o$")).toBe(true);
    expect(binary("~=", "a(b", "(")).toBe(true);
    expect(binary("~=", ["a", 5], "5")).toBe(true);
    expect(binary("!~=", "abc", "x")).toBe(true);
  });
});

describe("text of values", () => {
  it("prints compact JSON in templates", () => {
    expect(inlineText({ a: [1, null] })).toBe('{"a":[1,null]}');
    expect(inlineText(null)).toBe("null");
    expect(inlineText(1.5)).toBe("1.5");
  });
  it("shows one-entry values on one line, others over several", () => {
    expect(showText({ a: 1 })).toBe('{"a": 1}');
    expect(showText([1])).toBe("[1]");
    expect(showText([])).toBe("[]");
    expect(showText({})).toBe("{}");
    expect(showText(["a", "b"])).toBe('[\n  "a",\n  "b"\n]');
    expect(showText([{ a: 1 }])).toBe('[\n  {\n    "a": 1\n  }\n]');
    expect(showText({ a: { b: 1 } })).toBe('{\n  "a": {\n    "b": 1\n  }\n}');
  });
  it("lays out texts that are JSON, and leaves others", () => {
    expect(showText('{"a":1,"b":2}')).toBe('{\n  "a": 1,\n  "b": 2\n}');
    expect(showText("{not json}")).toBe("{not json}");
    expect(showText(null)).toBe("");
  });
  it("gives shells a line for each element", () => {
    expect(variableText(["a", 1])).toBe("a\n1");
    expect(variableText([["a"]])).toBe('[["a"]]');
    expect(variableText(null)).toBe("");
  });
});

describe("inference", () => {
  it("reads structures, and with `all` simple values", () => {
    expect(infer('{"a":1}', "structures")).toEqual({ a: 1 });
    expect(infer("42", "structures")).toBe("42");
    expect(infer("42", "all")).toBe(42);
    expect(infer("true", "all")).toBe(true);
    expect(infer("007", "all")).toBe("007");
    expect(infer("12345678901234567890", "all")).toBe("12345678901234567890");
    expect(infer("{broken", "all")).toBe("{broken");
    expect(infer('{"a":1}', "text")).toBe('{"a":1}');
  });
});

describe("methods", () => {
  const call = (receiver: unknown, name: string, ...args: unknown[]) => {
    const result = callMethod(receiver, name, args);
    return result.found ? result.value : "not found";
  };
  it("has those of texts", () => {
    expect(call("Hello", "slice", 1, 3)).toBe("el");
    expect(call("a-b", "split", "-")).toEqual(["a", "b"]);
    expect(call("a$b", "replace", "$", "$&")).toBe("a$&b");
    expect(call("AB", "replaceAll", { A: "B", B: "A" })).toBe("AA");
    expect(call("x", "padStart", 3, "-")).toBe("--x");
  });
  it("has those of lists, on copies", () => {
    const list = [3, 1, 2];
    expect(call(list, "sort")).toEqual([1, 2, 3]);
    expect(list).toEqual([3, 1, 2]);
    expect(call(list, "at", -1)).toBe(2);
    expect(call([[1], [2]], "flat")).toEqual([1, 2]);
  });
  it("knows no others, and none of the prototype", () => {
    expect(call({}, "keys")).toBe("not found");
    expect(call("x", "constructor")).toBe("not found");
    expect(call([], "__proto__")).toBe("not found");
  });
  it("makes no text that fills the memory", () => {
    expect(() => call("xxxxxxxx", "repeat", 1e9)).toThrow(/cannot repeat/);
    expect(String(call("x", "padEnd", 1e12)).length).toBeLessThan(1e8);
  });
});

describe("transformers", () => {
  const apply = (name: string, text: string, variant?: string) => transformer(name, variant)!.apply(text, text);
  it("read JSON in its variants", () => {
    expect(apply("parse", "{a: 1, /* no */ b: [1,],}")).toEqual({ a: 1, b: [1] });
    expect(() => apply("parse", "{a: 1}", "strict")).toThrow(/loose/);
    expect(apply("parse", 'so: ```json\n{"a": 1}\n```', "llm")).toEqual({ a: 1 });
    expect(apply("json", "no json", "llm")).toBeNull();
    expect(apply("parse", "a\n\nb ", "fromlist")).toEqual(["a", "b"]);
  });
  it("write CSV", () => {
    expect(apply("csv", '[{"a":"x,y","b":0}]')).toBe('a,b\n"x,y",0');
    expect(apply("CSV", "| A | B |\n|---|---|\n| 1 | 2 |")).toBe("A,B\n1,2");
  });
  it("write XML", () => {
    expect(markdownToXml("# Our Items\n- a")).toBe("<OUR_ITEMS>\n- a\n</OUR_ITEMS>");
    expect(markdownToXml("plain")).toBe("<DOCUMENT>\nplain\n</DOCUMENT>");
    expect(jsonToXml({ userName: "a<b" })).toBe("<USER_NAME>a&lt;b</USER_NAME>");
  });
});

describe("relaxed JSON", () => {
  it("takes what JSON5 takes", () => {
    expect(parseRelaxedJson("{'a': +1, b: .5, c: 0x10, d: Infinity, // x\n e: 'it\\'s',}")).toEqual({
      a: 1,
      b: 0.5,
      c: 16,
      d: Number.POSITIVE_INFINITY,
      e: "it's",
    });
  });
  it.each(["", "{", "[1 2]", "{a}", "'x", "nul", "{} x"])("refuses %j", text => {
    expect(() => parseRelaxedJson(text)).toThrow(SyntaxError);
  });
  it("does not follow nesting without end, and sets no prototype", () => {
    expect(() => parseRelaxedJson("[".repeat(100_000))).toThrow(/deep/);
    const value = parseRelaxedJson('{"__proto__": {"x": 1}}') as { x?: number };
    expect(value.x).toBeUndefined();
  });
});

describe("sections", () => {
  const text = "# A\nintro\n## B C\nbody\n### D\ndeep\n## E\nlast\n```\n## no\n```\n";
  it("takes a section with what is below it", () => {
    expect(select(text, "B C")).toBe("## B C\n\nbody\n### D\n\ndeep");
    expect(select(text, "bc")).toContain("## B C");
  });
  it("takes several, leaves out others, lists headings", () => {
    expect(select(text, "B C, E; !# D")).toBe("## B C\n\nbody\n\n## E\n\nlast\n```\n## no\n```");
    expect(select(text, "##??")).toEqual(["B C", "E"]);
    expect(select(text, "??")).toEqual(["A", "B C", "D", "E"]);
  });
  it("says what is there when one is missing", () => {
    expect(() => select(text, "Z")).toThrow('Section "Z" not found in content; it has: A, B C, D, E');
    expect(select(text, "Z?, E")).toContain("last");
  });
});

describe("documents", () => {
  it("sets off headings and paragraphs, and keeps fences", () => {
    expect(normaliseDocument("\n\na\nb\n# T\nx\n- l\n- m\n\n\n\n```\n1\n2\n```\n")).toBe(
      "a\n\nb\n\n# T\n\nx\n- l\n- m\n\n```\n1\n2\n```\n",
    );
  });
});

describe("web pages", () => {
  it("become their article", () => {
    const { markdown, page } = pageToMarkdown(
      "<title>T &amp; U</title><nav>no</nav><article><h1>T &amp; U</h1><p>a <b>b</b><script>x()</script></p><ul><li>i</ul></article>",
    );
    expect(markdown).toBe("# T & U\n\na **b**\n\n-   i\n");
    expect(page.title).toBe("T & U");
  });
  it("survive what is broken", () => {
    expect(() => pageToMarkdown("<div <p>< </b><script>")).not.toThrow();
  });
});
