import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { commentsIn, objectionsTo } from './prose.js';

/** Fails on comments that are not plain English. */
const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.ts', '*.mjs'])
  .toString()
  .trim()
  .split('\n');

/** Only below these; everywhere when there are none. */
const under = process.argv.slice(2);

let count = 0;
for (const file of files) {
  if (under.length > 0 && !under.some((path) => file.startsWith(path))) continue;
  for (const { line, text } of commentsIn(readFileSync(file, 'utf8'))) {
    for (const objection of objectionsTo(text)) {
      count += 1;
      process.stdout.write(`${file}:${line}: ${objection}\n    ${text.slice(0, 120)}\n`);
    }
  }
}
if (count > 0)
  process.stdout.write(`${count} objections to comments: tests/english/prose.ts has the words\n`);
process.exitCode = count === 0 ? 0 : 1;
