/** A code block on a page. */
export interface Block {
  readonly language: string;
  /** Name in its first line, `// teapot.ts` or `# site.conf`; undefined without one. */
  readonly file: string | undefined;
  readonly text: string;
  /** Line number of its first line, from 1. */
  readonly line: number;
}

export function blocksOf(page: string): readonly Block[] {
  return [...page.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map(
    ({ 1: language = '', 2: text = '', index }) => {
      const [, file] = /^(?:\/\/|#) (\S+\.\w+)\n/.exec(text) ?? [];
      return { language, file, text, line: page.slice(0, index).split('\n').length + 1 };
    },
  );
}

/** A command and its output on the page, where `…` matches any number of lines, or any text within a line. */
export interface Shown {
  readonly command: string;
  readonly output: string;
}

/** Commands of a shell block: lines that begin with `$ `, each with its output in the lines after it. */
export function commandsOf({ text }: Block): readonly Shown[] {
  return text
    .split(/^\$ /m)
    .filter((part) => part !== '')
    .map((part) => {
      const end = part.indexOf('\n');
      return { command: part.slice(0, end), output: part.slice(end + 1) };
    });
}

/** Returns a pattern that matches the output as shown on the page. */
export function patternOf(output: string): RegExp {
  const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const lines = output
    .split('\n')
    .map((line) => (line === '…' ? '…' : line.split('…').map(escaped).join('[^\\n]*')));
  const body = lines.join('\n').replace(/^…\n/gm, '(?:[^\\n]*\\n)*?');
  return new RegExp(`^${body}$`);
}
