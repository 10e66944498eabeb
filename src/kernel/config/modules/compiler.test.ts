import type { TransformOptions } from 'jiti';
import { describe, expect, it } from 'vitest';
import { type CompiledCode, Compiler } from './compiler.js';

const program = { filename: '/a.ts', source: 'export default 1', ts: true, async: true };

/** A compiler, and what it has compiled itself. */
function compiling(known?: CompiledCode) {
  const compiled: TransformOptions[] = [];
  const compiler = new Compiler(known, (options) => {
    compiled.push(options);
    return { code: `compiled: ${options.source}` };
  });
  return { compiler, compiled };
}

const codeOf = (options: TransformOptions): CompiledCode => {
  const { compiler } = compiling();
  compiler.transform(options);
  return compiler.end();
};

describe('a compiler', () => {
  it('does not compile what another process has compiled, and passes it on', () => {
    const known = codeOf(program);
    const { compiler, compiled } = compiling(known);
    expect(compiler.transform(program)).toEqual({ code: 'compiled: export default 1' });
    expect(compiled).toEqual([]);
    expect(compiler.end()).toEqual(known);
  });

  it.each<Partial<TransformOptions>>([
    { source: 'export default 2' },
    { filename: '/b.ts' },
    { ts: false },
    { async: false },
  ])('compiles it again where %o is different', (difference) => {
    const { compiler, compiled } = compiling(codeOf(program));
    compiler.transform({ ...program, ...difference });
    expect(compiled).toEqual([{ ...program, ...difference }]);
  });

  it('passes on only the code that was used, so that reloads do not add up', () => {
    const { compiler } = compiling([...codeOf(program), ...codeOf({ ...program, filename: '/gone.ts' })]);
    compiler.transform(program);
    compiler.transform(program);
    expect(compiler.end()).toEqual(codeOf(program));
  });

  it('passes on 8 MiB of code, and compiles the rest in each process', () => {
    const large = { ...program, source: 'x'.repeat(8 * 1024 * 1024) };
    const { compiler } = compiling();
    compiler.transform(program);
    compiler.transform(large);
    expect(compiler.end()).toEqual(codeOf(program));
    expect(codeOf(large)).toEqual([]);
  });

  it('keeps nothing after its end', () => {
    const { compiler, compiled } = compiling(codeOf(program));
    compiler.end();
    compiler.transform(program);
    expect(compiled).toEqual([program]);
    expect(compiler.end()).toEqual([]);
  });
});
