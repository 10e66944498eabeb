import type { NginxModule, NginxRow, Outcome } from '../../src/kernel/config/nginx/outcome.js';

/** The part of docs/from-nginx.md that is printed from the data. */
export function nginxTables(modules: readonly NginxModule[]): string {
  return modules.map(table).join('\n');
}

function table({ title, rows, families }: NginxModule): string {
  const lines = [
    ...rows.map((row) => line(names(row), row)),
    ...families.map((row) => line(`the rest of ${names(row, '*')}`, row)),
  ];
  return `#### ${title}\n\n| nginx | here | instead |\n|---|---|---|\n${lines.join('')}`;
}

function names({ names: all }: NginxRow, end = ''): string {
  return all.map((name) => `\`${name}${end}\``).join(', ');
}

function line(first: string, { outcomes }: NginxRow): string {
  const here = outcomes.map((outcome) => `${condition(outcome)}${text(outcome)}`).join('; ');
  const write = outcomes.flatMap(({ write: words }) => (words === undefined ? [] : [words]));
  return `| ${first} | ${here} | ${[...new Set(write)].join('; ') || 'remove it'} |\n`;
}

function condition({ when, value }: Outcome): string {
  if (when === undefined) return '';
  if (value !== undefined) return `${value}: `;
  return `\`${when.source.replaceAll(/[\^$]|\(\?:|\)/g, '')}\`: `;
}

function text({ effect, what }: Outcome): string {
  const kind = { nothing: 'not needed', costs: 'warning', lost: '**error**' }[effect];
  return `${kind}: ${what}`;
}
