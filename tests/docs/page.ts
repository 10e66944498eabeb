/** A block of code on a page. */
export interface Block {
  readonly language: string;
  /** What its first line names it, `// teapot.ts` or `# site.conf`; undefined without one. */
  readonly file: string | undefined;
  readonly text: string;
  /** Of its first line, from 1. */
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

/** A command and what the page says it prints: lines, where `…` is any number of lines, or any text in a line. */
export interface Shown {
  readonly command: string;
  readonly output: string;
}

/** The commands of a block in a shell: lines that begin with `$ `, each with the lines that follow it. */
export function commandsOf({ text }: Block): readonly Shown[] {
  return text
    .split(/^\$ /m)
    .filter((part) => part !== '')
    .map((part) => {
      const end = part.indexOf('\n');
      return { command: part.slice(0, end), output: part.slice(end + 1) };
    });
}

/** What an output that is shown stands for. */
export function patternOf(output: string): RegExp {
  const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const lines = output
    .split('\n')
    .map((line) => (line === '…' ? '…' : line.split('…').map(escaped).join('[^\\n]*')));
  const body = lines.join('\n').replace(/^…\n/gm, '(?:[^\\n]*\\n)*?');
  return new RegExp(`^${body}$`);
}
