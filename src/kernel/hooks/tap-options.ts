import { type RouteTapOptions, Stage, type Tap } from '../contract/hooks.js';
import { nearest } from '../diagnostics/suggest.js';

type Check = readonly [expected: string, holds: (value: unknown) => boolean];

const METHOD = /^[A-Z][A-Z-]*$/;

const number: Check = ['a number, such as Stage.access', Number.isFinite];
const time: Check = ['milliseconds, or Infinity', (value) => typeof value === 'number' && value > 0];
const flag: Check = ['true or false', (value) => typeof value === 'boolean'];
const methods: Check = [
  'a list of methods in capitals',
  (value) => Array.isArray(value) && value.every((one) => typeof one === 'string' && METHOD.test(one)),
];

const OPTIONS: Readonly<Record<Tap['hook'], Readonly<Record<string, Check>>>> = {
  onRoute: { stage: number, timeout: time, methods, answers: flag },
  onResponse: { stage: number, timeout: time },
  onDone: { stage: number, timeout: time, refused: flag },
  onConfig: { stage: number, timeout: time },
  onRequest: { stage: number, timeout: time },
  onChanged: { stage: number },
};

/**
 * An option that is misspelt, or whose value is undefined because a name of `Stage` is, would put the tap behind the
 * responses that it is meant to refuse.
 * @returns the tap that the options describe
 * @throws TypeError for options that the hook does not have, and for values that mean nothing
 */
export function tapOf(plugin: string, hook: Tap['hook'], options: RouteTapOptions): Tap {
  const tapping = `plugin "${plugin}" taps ${hook}`;
  if (typeof options !== 'object' || options === null) {
    throw new TypeError(`${tapping} with a ${typeof options}: a tap takes its options, then a function`);
  }
  const known = OPTIONS[hook];
  for (const [name, value] of Object.entries(options)) {
    const check = Object.hasOwn(known, name) ? known[name] : undefined;
    if (check === undefined)
      throw new TypeError(`${tapping} with the option "${name}": ${hintFor(name, known)}`);
    const [expected, holds] = check;
    if (!holds(value)) throw new TypeError(`${tapping}: "${name}" must be ${expected}, got ${String(value)}`);
  }
  return { plugin, hook, stage: options.stage ?? Stage.content, methods: options.methods };
}

function hintFor(name: string, known: object): string {
  const meant = nearest(name, Object.keys(known));
  return meant === undefined
    ? `expected one of ${Object.keys(known).join(', ')}`
    : `did you mean "${meant}"?`;
}
