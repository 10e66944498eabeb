import { Stage } from './hooks.js';

const ascending = Object.entries(Stage).sort(([, one], [, other]) => one - other);

/** `content`, `handler+10`; before all of them, the number. */
export function stageName(stage: number): string {
  const [name, start] = ascending.findLast(([, named]) => named <= stage) ?? [];
  if (name === undefined || start === undefined) return String(stage);
  return stage === start ? name : `${name}+${stage - start}`;
}
