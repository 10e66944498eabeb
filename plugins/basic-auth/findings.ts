import type { Finding, Place } from '@webserv/server';

export const codes = { 'auth-user-file': 'a password file is missing, or cannot or should not be used' };

/** Maximum number of problems reported per file, since a broken file may have a thousand. */
const MAX_REPORTED = 10;

export function noUserFile(place: Place | undefined): Finding {
  const hint = 'add "auth_basic_user_file PATH;" and create the file with "htpasswd -cB PATH NAME"';
  return { code: 'auth-user-file', message: 'auth_basic has no auth_basic_user_file', place, hint };
}

function each(path: string, problems: readonly string[], place: Place | undefined, hint: string): Finding[] {
  const reported = problems.slice(0, MAX_REPORTED);
  const left = problems.length - reported.length;
  if (left > 0) reported.push(`${left} more problems of this kind`);
  return reported.map((problem) => ({
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
    'create its lines with "htpasswd -B PATH NAME", and make it readable for the server\'s user',
  );
}

export function doubtful(path: string, doubts: readonly string[], place: Place | undefined): Finding[] {
  return each(path, doubts, place, 'check the file');
}
