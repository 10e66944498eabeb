import type { ArgumentType } from '../../contract/directive.js';
import { argument } from './arguments.js';

/** The longest time a timer of Node can wait: 2^31 - 1 ms. */
const MAX_TIME = 2_147_483_647;

/** A duration that must not be 0: without a limit, an idle client would hold its connection without end. */
export const timeout: ArgumentType<number> = {
  usage: 'TIME',
  expected: 'a time from 1ms to 24d, such as 30s',
  json: argument.duration.json.map((schema) =>
    schema.type === 'integer'
      ? { ...schema, minimum: 1, maximum: Math.floor(MAX_TIME / 1000) }
      : { ...schema, pattern: schema.pattern?.replace('^', '^(?=.*[1-9])') },
  ),
  read: (text) => {
    const value = argument.duration.read(text);
    return value !== undefined && value >= 1 && value <= MAX_TIME ? value : undefined;
  },
};
