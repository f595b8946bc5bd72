import type { Span } from "../span";

export interface FormatOptions {
  tabSize: number;
  insertSpaces: boolean;
}

export interface TextChange extends Span {
  newText: string;
}
