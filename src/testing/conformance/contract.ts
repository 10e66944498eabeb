import { fail } from 'node:assert';
import { API_VERSION } from '../../kernel/contract/define-plugin.js';
import type { Context } from '../../kernel/contract/directive.js';
import { renderDiagnostics } from '../../kernel/diagnostics/render.js';
import { readTestConfig } from '../configuration.js';
import { makeDirectory } from '../files.js';
import type { Rule } from './subject.js';

/** Puts an example into the innermost block that may contain the directive. */
function inBlock(contexts: readonly Context[], example: string): string {
  const server = (inside: string): string => `server { listen 127.0.0.1:0; ${inside} }`;
  if (contexts.includes('location')) return server(`location / { ${example} }`);
  return contexts.includes('server') ? server(example) : `${example}\n${server('')}`;
}

export const contract: Rule = {
  name: 'every directive has a help text, and a valid example',
  async check({ plugin, files, plugins }) {
    if (plugin.apiVersion !== API_VERSION)
      fail(`it is for version ${plugin.apiVersion} of the plugin API; expected ${API_VERSION}`);
    const folder = await makeDirectory(files);
    try {
      for (const [name, { help, example, contexts }] of Object.entries(plugin.directives)) {
        if (help.trim() === '') fail(`directive "${name}" has no help text`);
        if (example === undefined) continue;
        const { diagnostics } = await readTestConfig(inBlock(contexts, example), folder.directory, [
          plugin,
          ...plugins,
        ]);
        const errors = diagnostics.filter(({ severity }) => severity === 'error');
        if (errors.length > 0) fail(`the example of "${name}" is rejected:\n${renderDiagnostics(errors)}`);
      }
    } finally {
      await folder.remove();
    }
  },
};
