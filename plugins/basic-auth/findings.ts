import type { Finding, Place } from '@webserv/server';

export const codes = { 'auth-user-file': 'a password file is missing, or cannot or should not be used' };

/** A broken file may have a thousand wrong lines. */
const MAX_TOLD = 10;

export function noUserFile(place: Place | undefined): Finding {
  const hint = 'add "auth_basic_user_file PATH;", made by "htpasswd -cB PATH NAME"';
  return { code: 'auth-user-file', message: 'auth_basic has no auth_basic_user_file', place, hint };
}

function each(path: string, problems: readonly string[], place: Place | undefined, hint: string): Finding[] {
  const told = problems.slice(0, MAX_TOLD);
  const left = problems.length - told.length;
  if (left > 0) told.push(`${left} more like these`);
  return told.map((problem) => ({
    code: 'auth-user-file',
    message: `the password file ${path}: ${problem}`,
    place,
    hint,
  }));
}

export function unusable(path: string, problems: readonly string[], place: Place | undefined): Finding[] {
  return each(
    path,
    problems,
    place,
    'make lines with "htpasswd -B PATH NAME", and let the server\'s user read them',
  );
}

export function doubtful(path: string, doubts: readonly string[], place: Place | undefined): Finding[] {
  return each(path, doubts, place, 'look at the file');
}
