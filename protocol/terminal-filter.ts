/**
 * What a program may say to a terminal: text, colour, cursor movement and links. Left out is what reaches beyond the picture: the
 * clipboard (OSC 52), the editor's shell integration (OSC 633), titles and every other OSC but links, device control strings, and
 * queries, whose answers would be typed into the terminal's input.
 */
export class TerminalFilter {
  private state: State = "text";
  /** The sequence that is being read; it is written when it turns out harmless. */
  private sequence = "";

  /** The part of the stream that may be shown. An unfinished sequence waits for the next call. */
  push(text: string): string {
    if (this.state === "text" && !SUSPICIOUS.test(text)) return text;
    let out = "";
    for (const character of text) out += this.next(character);
    return out;
  }

  private next(character: string): string {
    switch (this.state) {
      case "text":
        return this.start(character);
      case "escape":
        return this.afterEscape(character);
      case "csi":
        return this.inControlSequence(character);
      case "string":
      case "string-escape":
        return this.inString(character);
    }
  }

  private start(character: string): string {
    const opened = C1[character];
    if (opened) {
      this.open(opened, ESCAPE + String.fromCharCode(character.charCodeAt(0) - 0x40));
      return "";
    }
    if (character === ESCAPE) {
      this.open("escape", character);
      return "";
    }
    return character === ENQUIRY || (character >= "\x80" && character <= "\x9f") ? "" : character;
  }

  private afterEscape(character: string): string {
    if (character === ESCAPE) return "";
    this.sequence += character;
    if (character === "[") return this.open("csi", this.sequence);
    if ("]PX^_".includes(character)) return this.open("string", this.sequence);
    // Intermediate bytes (character sets) come before the final one.
    if (character >= " " && character <= "/") return "";
    const whole = this.close();
    return character === IDENTIFY ? "" : whole;
  }

  private inControlSequence(character: string): string {
    if (character === ESCAPE) return this.open("escape", character);
    if (CANCELS.has(character)) return this.drop();
    // Other controls inside a sequence act at once, as terminals do it.
    if (character < " ") return character === ENQUIRY ? "" : character;
    this.sequence += character;
    if (character < "@" || character > "~") return this.sequence.length > MAX_CONTROL_SEQUENCE ? this.drop() : "";
    const whole = this.close();
    return QUERY.test(whole) || TYPES.test(whole) || PRINTER.test(whole) ? "" : whole;
  }

  private inString(character: string): string {
    if (this.state === "string-escape") {
      if (character === "\\") return this.endString(this.sequence + ESCAPE + "\\");
      this.open("escape", ESCAPE);
      return this.afterEscape(character);
    }
    if (CANCELS.has(character)) return this.drop();
    if (character === ESCAPE) {
      this.state = "string-escape";
      return "";
    }
    if (character === "\x9c") return this.endString(this.sequence + ESCAPE + "\\");
    if (character === BELL && this.sequence.startsWith(ESCAPE + "]")) return this.endString(this.sequence + BELL);
    // What will be dropped need not be kept; how it began is enough.
    if (this.sequence.length < MAX_LINK) this.sequence += character;
    return "";
  }

  private endString(whole: string): string {
    this.close();
    return LINK.test(whole) && whole.length < MAX_LINK ? whole : "";
  }

  private open(state: State, sequence: string): string {
    this.state = state;
    this.sequence = sequence;
    return "";
  }

  private close(): string {
    const whole = this.sequence;
    this.drop();
    return whole;
  }

  private drop(): string {
    return this.open("text", "");
  }
}

type State = "text" | "escape" | "csi" | "string" | "string-escape";

const ESCAPE = "\x1b";
const BELL = "\x07";
const ENQUIRY = "\x05";
/** `ESC Z` asks what the terminal is. */
const IDENTIFY = "Z";
const CANCELS = new Set(["\x18", "\x1a"]);
const MAX_CONTROL_SEQUENCE = 256;
const MAX_LINK = 4096;

/** The 8-bit forms of `ESC [`, `ESC ]`, `ESC P`, `ESC X`, `ESC ^`, `ESC _`. */
const C1: Record<string, State> = {
  "\x9b": "csi",
  "\x9d": "string",
  "\x90": "string",
  "\x98": "string",
  "\x9e": "string",
  "\x9f": "string",
};

const SUSPICIOUS = /[\x05\x1b\x80-\x9f]/;

/** `OSC 8 ; parameters ; address`, to the web or nothing (which ends a link). */
const LINK = /^\x1b\]8;[^;]*;(?:https?:\/\/[^\x00-\x20]*)?(?:\x07|\x1b\\)$/i;

/**
 * Control sequences that make a terminal answer or act on its window: status and cursor reports (`n`), device attributes (`c`),
 * parameters (`x`), version (`> q`), modes (`$ p`), checksum (`* y`), keyboard flags (`? u`), window operations (`t`), the state of cursor,
 * tabs, character set and locator (`$ w`, `$ u`, `& u`, `" v`, `' |`), key modifiers (`? m`), graphics (`? S`), colours (`# R`).
 */
const QUERY = /^\x1b\[(?:[^@-~]*[nctx]|>[^@-~]*q|[^@-~]*(?:\$[pwu]|\*y|&u|"v|'[|wz{]|#R)|\?[^@-~]*[umS])$/;

/**
 * Modes that make a terminal type by itself (mouse, focus, size, colour scheme) or type keys in other words, also into the shell that comes
 * after the program.
 */
const TYPES =
  /^\x1b\[(?:\?(?:[\d;]*;)?(?:9|1000|1001|1002|1003|1004|1005|1006|1007|1015|1016|2031|2048|9001)(?:;[\d;]*)?h|>[^@-~]*[mu]|[=<][^@-~]*u)$/;

/** Sends the screen or what follows to a printer. */
const PRINTER = /^\x1b\[[^@-~]*i$/;
