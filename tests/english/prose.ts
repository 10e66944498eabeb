/** Prose in a file: a comment, or a paragraph of a document. */
export interface Prose {
  /** From 1. */
  readonly line: number;
  readonly text: string;
}

/** Comments that begin so make the reader search for the subject. */
const BEGINNING = /^(?:Who|What|Whoever|One|Of)\b/;

/** Words that a native speaker would not use here, each with the terms that engineers search for. */
const WORDS: readonly (readonly [RegExp, string])[] = [
  [/\banswer(?:s|ed|ing)?\b/i, 'response, respond'],
  [/\bfolders?\b/i, 'directory'],
  [/\bwhoever\b|\bwhomever\b/i, 'the actor: the client, the plugin, any'],
  [/\bsomebody\b|\bnobody\b|\banybody\b|\beverybody\b/i, 'the actor: the client, the plugin, no client'],
  [/\b(?:is|are|was|were|be) told\b/i, 'is reported to, gets, is notified'],
  [/\bstands?\b(?! for\b| alone\b)/i, 'is, is written'],
  [/\banew\b/i, 'again'],
  [/\bat once\b/i, 'immediately, at a time'],
  [/\bfor ever\b/i, 'forever, without end'],
  [/\b(?:is|are) there\b/i, 'exists'],
  [/\blets? go of\b/i, 'releases'],
  [/\bmistakes?\b/i, 'error'],
  [/\bfaults?\b/i, 'bug, error'],
  [/\bcrowds?\b/i, 'many clients'],
];

/** Text that only code has: identifiers, directives, paths. */
const CODE = /`[^`]*`|\{@link [^}]*\}|@(?:param|see)\s+[\w.]+|\bhttps?:\S+/g;

/** @returns what is wrong with a comment, for people; empty when nothing is */
export function objectionsTo(text: string): readonly string[] {
  const prose = text.replace(CODE, '…').trim();
  const found: string[] = [];
  const beginning = BEGINNING.exec(prose)?.[0];
  if (beginning !== undefined)
    found.push(`begins with "${beginning}": begin with the noun or verb the reader searches for`);
  for (const [word, better] of WORDS) {
    const match = word.exec(prose)?.[0];
    if (match !== undefined) found.push(`"${match}": say ${better}`);
  }
  return found;
}

/** A string, a template, or a comment: whichever begins first. */
const TOKEN = /'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`|\/\*[\s\S]*?\*\/|(?<!:)\/\/[^\n]*/g;

/** The comments of a file in TypeScript or JavaScript; lines of `//` that follow each other are one. */
export function commentsIn(source: string): readonly Prose[] {
  const comments: { line: number; last: number; text: string }[] = [];
  for (const { 0: token, index } of source.matchAll(TOKEN)) {
    if (!token.startsWith('/')) continue;
    const line = source.slice(0, index).split('\n').length;
    const before = comments.at(-1);
    if (token.startsWith('//')) {
      const text = token.slice(2).trim();
      const isAlone = source.slice(source.lastIndexOf('\n', index) + 1, index).trim() === '';
      if (isAlone && before?.last === line - 1) {
        before.text += ` ${text}`;
        before.last = line;
      } else comments.push({ line, last: isAlone ? line : 0, text });
      continue;
    }
    const text = token
      .replace(/^\/\*+|\*+\/$/g, '')
      .replace(/\n\s*\* ?/g, ' ')
      .trim();
    comments.push({ line, last: 0, text });
  }
  return comments.map(({ line, text }) => ({ line, text }));
}
