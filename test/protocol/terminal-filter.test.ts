import { describe, expect, it } from "vitest";
import { TerminalFilter } from "../../protocol/terminal-filter";

const filtered = (text: string) => new TerminalFilter().push(text);

describe("what a terminal gets", () => {
  it.each([
    ["plain text", "héllo wörld ✓\r\n\t"],
    ["colour", "\x1b[1;31mred\x1b[0m \x1b[38;2;1;2;3mtrue colour\x1b[m"],
    ["cursor movement", "\x1b[2A\x1b[10;20H\x1b[K\x1b[2J\x1b7\x1b8\x1b[?25l\x1b[?25h"],
    ["modes and scroll regions", "\x1b[?1049h\x1b[1;20r\x1b[?2004h\x1b(B\x1b[?1000l\x1b[4:3m\x1b[2S\x1b[u"],
    ["a link to the web", "\x1b]8;;https://example.com/a?b\x1b\\text\x1b]8;;\x1b\\"],
    ["a link that ends with a bell", "\x1b]8;id=1;http://example.com\x07text\x1b]8;;\x07"],
  ])("keeps %s", (_, text) => {
    expect(filtered(text)).toBe(text);
  });

  it.each([
    ["the clipboard", "\x1b]52;c;ZXZpbA==\x07"],
    ["the clipboard, ended by ST", "\x1b]52;c;ZXZpbA==\x1b\\"],
    ["the clipboard, in 8-bit form", "\x9d52;c;ZXZpbA==\x9c"],
    ["shell integration", "\x1b]633;E;rm -rf /;nonce\x07"],
    ["titles", "\x1b]0;title\x07\x1b]2;title\x1b\\"],
    ["the working folder", "\x1b]7;file:///etc\x07"],
    ["colour queries", "\x1b]11;?\x07"],
    ["a link to a file", "\x1b]8;;file:///etc/passwd\x07"],
    ["device control strings", '\x1bP$q"p\x1b\\\x1bPq#0;2;0;0;0\x1b\\'],
    ["application, privacy and start-of strings", "\x1b_G;data\x1b\\\x1b^private\x1b\\\x1bXstring\x1b\\"],
    ["status reports", "\x1b[5n\x1b[6n\x1b[?6n"],
    ["device attributes", "\x1b[c\x1b[0c\x1b[>c\x1b[=c\x1bZ"],
    ["window operations", "\x1b[21t\x1b[8;50;200t"],
    ["mode, version and keyboard queries", "\x1b[?1$p\x1b[>0q\x1b[?u"],
    ["enquiry", "\x05"],
    ["reports of the mouse, focus and size", "\x1b[?1000h\x1b[?1002;1006h\x1b[?25;1004h\x1b[?2031h\x1b[?2048h"],
    ["other words for keys", "\x1b[>4;2m\x1b[>1u\x1b[=1;1u\x1b[<u\x1b[?4m"],
    ["queries of rarer kinds", "\x1b[1$w\x1b[1$u\x1b[&u\x1b['|\x1b[?1;1;0S\x1b[#R"],
    ["the printer", "\x1b[5i\x1b[?5i\x1b[4i"],
  ])("loses %s", (_, text) => {
    expect(filtered(`a${text}b`)).toBe("ab");
  });

  it("decides the same wherever the stream is cut", () => {
    const text = "a\x1b[31mb\x1b]52;c;x\x1b\\c\x1b]8;;https://e.org\x07d\x1b[6ne\x9d0;t\x9cf";
    const whole = filtered(text);
    expect(whole).toBe("a\x1b[31mbc\x1b]8;;https://e.org\x07def");
    for (let cut = 0; cut <= text.length; cut++) {
      const filter = new TerminalFilter();
      expect(filter.push(text.slice(0, cut)) + filter.push(text.slice(cut))).toBe(whole);
    }
  });

  it("shows what follows a sequence that was broken off", () => {
    expect(filtered("\x1b]52;c;abc\x18shown")).toBe("shown");
    expect(filtered("\x1b]52;c;abc\x1b[31mshown")).toBe("\x1b[31mshown");
    expect(filtered("\x1b[3\x1b[31mshown")).toBe("\x1b[31mshown");
  });

  it("holds no more than it needs of an endless sequence", () => {
    const filter = new TerminalFilter();
    expect(filter.push("\x1b]52;c;")).toBe("");
    for (let i = 0; i < 100; i++) expect(filter.push("A".repeat(10_000))).toBe("");
    expect(filter.push("\x07shown")).toBe("shown");
  });
});
