import { describe, expect, it } from '@jest/globals';
import { PublishOptions } from './publish-options.js';

const options = new PublishOptions('reader');
const headersOf = (headers: Record<string, unknown>) => {
  const written = options.of({
    exchange: 'erp.events',
    routingKey: 'a',
    content: Buffer.from(''),
    properties: { messageId: '1', headers },
  });
  const found: Record<string, unknown> = Object.create(null);
  // As the client walks them: those of prototypes too.
  for (const name in written.headers) if (written.headers[name] !== undefined) found[name] = written.headers[name];
  return Object.entries(found);
};

describe('The headers of a message', () => {
  it('are its own, and no other message’s', () => {
    expect(headersOf({ a: 1, b: 2 })).toEqual([
      ['a', 1],
      ['b', 2],
    ]);
    expect(headersOf({ b: 3 })).toEqual([['b', 3]]);
  });

  it('may be called as a prototype is, and change nothing of the next', () => {
    const bytes = Buffer.from([0, 255]);
    expect(headersOf(Object.fromEntries([['__proto__', bytes]]))).toEqual([['__proto__', bytes]]);
    expect(headersOf({ a: 1 })).toEqual([['a', 1]]);
  });
});
