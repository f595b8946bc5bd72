/**
 * Finds words of a fixed set in a text without cutting them out: by their length and four of their characters, which
 * tell the words of a set apart (the constructor checks it).
 */
export class WordTable {
  private readonly words = new Map<number, { word: string; value: number }>();

  constructor(entries: Iterable<readonly [string, number]>) {
    for (const [word, value] of entries) {
      const key = keyOf(word, 0, word.length);
      if (this.words.has(key)) throw new Error(`"${word}" looks like "${this.words.get(key)!.word}"`);
      this.words.set(key, { word, value });
    }
  }

  /** The value of the word that is exactly `text.slice(start, end)`, or 0. */
  find(text: string, start: number, end: number): number {
    const entry = this.words.get(keyOf(text, start, end));
    if (entry === undefined) return 0;
    const word = entry.word;
    for (let i = 0; i < word.length; i++) if (text.charCodeAt(start + i) !== word.charCodeAt(i)) return 0;
    return entry.value;
  }

  has(text: string, start: number, end: number): boolean {
    return this.find(text, start, end) !== 0;
  }
}

/** A table that only tells whether a word is in the set. */
export function wordSet(words: Iterable<string>): WordTable {
  return new WordTable([...words].map(word => [word, 1]));
}

/** The length (up to 31) and five bits each of the first, second, third and last character in one small integer. */
function keyOf(text: string, start: number, end: number): number {
  const length = end - start;
  if (length < 2 || length > 31) return -1;
  let key = (length << 5) | (text.charCodeAt(start) & 31);
  key = (key << 5) | (text.charCodeAt(start + 1) & 31);
  key = (key << 5) | (length > 2 ? text.charCodeAt(start + 2) & 31 : 0);
  return (key << 5) | (text.charCodeAt(end - 1) & 31);
}
