import type { Exchange, Response } from '@webserv/server';
import { type FieldChanges, PLAIN_STATUSES } from './add-header.js';
import { type FieldValue, renderValue } from './field-value.js';
import { type Fields, FixedChange, setField, withFields } from './fields.js';

function apply(
  changes: FieldChanges,
  fields: Fields,
  status: number,
  render: (value: FieldValue) => string,
): void {
  for (const [name, { removed, additions }] of changes) {
    if (removed) fields.delete(name);
    const values = additions
      .filter(({ always }) => always || PLAIN_STATUSES.has(status))
      .map(({ value }) => render(value))
      // A variable may be empty: then nothing is added.
      .filter((value) => value !== '');
    setField(fields, name, values);
  }
}

/**
 * Returns a function that applies `add_header` to a route's responses.
 * @returns throws HttpError 400 where a variable's value is not allowed in a field
 */
export function addedFields(changes: FieldChanges): (response: Response, exchange: Exchange) => Response {
  const spellings = Object.fromEntries(Array.from(changes, ([name, { spelling }]) => [name, spelling]));
  const values = [...changes.values()].flatMap(({ additions }) => additions.map(({ value }) => value));
  if (values.every((value) => typeof value === 'string')) {
    const fixed = new FixedChange((fields, status) => apply(changes, fields, status, String), spellings);
    return (response) => fixed.of(response);
  }
  return (response, exchange) =>
    withFields(
      response,
      (fields) => apply(changes, fields, response.status, (value) => renderValue(value, exchange)),
      spellings,
    );
}
