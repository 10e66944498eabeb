import type { Reading, ReadRequest } from '../properties/reader.js';
import type { NodeReading, NodeRequest } from './node-reader.js';

/**
 * Finds the first difference between two parsers of the same bytes.
 * @returns its name; undefined if they agree on what is accepted and on its meaning
 */
export function difference(ours: Reading, theirs: NodeReading): string | undefined {
  for (let index = 0; ; index += 1) {
    const our = ours.requests[index];
    const their = theirs.requests[index];
    const weHave = our?.content !== undefined;
    const theyHave = their?.content !== undefined;
    if (!weHave && !theyHave) return undefined;
    if (!weHave) return ours.refusal === undefined ? 'we wait' : `we refuse: ${ours.refusal.reason}`;
    if (!theyHave) return theirs.refusal === undefined ? 'Node waits' : `Node refuses: ${theirs.refusal}`;
    const parted = otherMeaning(our, their);
    if (parted !== undefined) return `another meaning: ${parted}`;
    // The bytes after it belong to no request, or to a tunnel.
    if (!our.keepAlive || our.method === 'CONNECT') return undefined;
  }
}

function otherMeaning(our: ReadRequest, their: NodeRequest): string | undefined {
  if (our.method !== their.method) return 'method';
  if (our.target !== their.target) return 'target';
  if (our.version !== their.version) return 'version';
  if (!same(our.fields, their.fields)) {
    const plain = their.fields.filter(([name]) => !name.includes('_'));
    if (same(our.fields, plain)) return 'a name with an underscore';
    return same(withoutHost(our.fields), withoutHost(plain)) ? 'Host beside an absolute target' : 'fields';
  }
  return our.content === their.content || our.method === 'CONNECT' ? undefined : 'content';
}

function withoutHost(fields: ReadRequest['fields']): ReadRequest['fields'] {
  return fields.filter(([name]) => name !== 'host');
}

function same(our: ReadRequest['fields'], their: NodeRequest['fields']): boolean {
  return JSON.stringify(our) === JSON.stringify(their);
}
