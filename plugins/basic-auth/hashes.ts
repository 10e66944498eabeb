/**
 * Maximum cost of bcrypt. The work doubles with each step: a check at 14 takes about a second. htpasswd's default is 5.
 */
const MAX_BCRYPT_COST = 14;
/** Maximum number of rounds: a check takes about a second then. The default of crypt is 5,000. */
const MAX_ROUNDS = 500_000;

const BCRYPT = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/;
export const APR1 = /^\$apr1\$([^$:]{0,8})\$([./A-Za-z0-9]{22})$/;
export const SHA1 = /^\{SHA\}([A-Za-z0-9+/]{27}=)$/;
export const SHA_CRYPT =
  /^\$(?:(5)|6)\$(?:rounds=([1-9]\d{3,8})\$)?([^$:]{0,16})\$([./A-Za-z0-9]{43}|[./A-Za-z0-9]{86})$/;

/** @returns why a password's hash cannot be used; undefined when it can. The text never contains the hash. */
export function problemOf(hash: string): string | undefined {
  const cost = BCRYPT.exec(hash)?.[1];
  if (cost !== undefined) {
    if (Number(cost) >= 4 && Number(cost) <= MAX_BCRYPT_COST) return undefined;
    return `the bcrypt cost is ${Number(cost)}, expected 4 to ${MAX_BCRYPT_COST}`;
  }
  const crypt = SHA_CRYPT.exec(hash);
  if (crypt !== null && crypt[4]?.length === (crypt[1] === undefined ? 86 : 43)) {
    if (Number(crypt[2] ?? 0) <= MAX_ROUNDS) return undefined;
    return `the hash has ${crypt[2]} rounds, expected at most ${MAX_ROUNDS}`;
  }
  if (APR1.test(hash) || SHA1.test(hash)) return undefined;
  return 'expected a password hash (bcrypt, apr1, {SHA}, $5$ or $6$); plain text is not accepted';
}
