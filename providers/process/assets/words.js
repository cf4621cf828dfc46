// A line as people type it, and the list of words that is executed. No shell is involved:
// quotes and backslashes group characters as in a POSIX shell, and nothing else has a meaning.

const SPACE = /\s/;
const PLAIN = /^[\w@%+=:,./-]+$/;

/** The words of a line; throws an Error where a quote is not closed. */
export function splitWords(line) {
  const words = [];
  let word = null; // null between words: '' is a word, too
  let quote = "";
  for (let i = 0; i < line.length; i++) {
    const c = line[i];
    const escapes = c === "\\" && quote !== "'" && i + 1 < line.length
      && (quote === "" || line[i + 1] === '"' || line[i + 1] === "\\");
    if (escapes) word = (word ?? "") + line[++i];
    else if (quote) {
      if (c === quote) quote = "";
      else word += c;
    } else if (c === "'" || c === '"') {
      quote = c;
      word ??= "";
    } else if (SPACE.test(c)) {
      if (word !== null) words.push(word);
      word = null;
    } else word = (word ?? "") + c;
  }
  if (quote) throw new Error(`a ${quote} is not closed`);
  if (word !== null) words.push(word);
  return words;
}

/** The line that splits into these words. */
export function joinWords(words) {
  return words.map((word) => (PLAIN.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(" ");
}
